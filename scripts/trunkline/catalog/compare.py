"""Say in what a found catalog is not the expected one, and how to repair it.

Equal objects cost one comparison of dictionaries. A part of a missing or unexpected
object is not told on its own: the repair of the whole makes or drops it.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.catalog.anew import RETYPING_STOPS_AT, Anew, Blocked, Made
from trunkline.catalog.aspects import aspects, beside_objects
from trunkline.catalog.covering import (
    Parts,
    comes_with_type,
    follows,
    has_column,
    surviving,
    unadorned,
)
from trunkline.catalog.difference import Difference
from trunkline.catalog.foreign_keys import (
    drop_keys_in_circles,
    late_keys,
    make_late_keys,
    without,
)
from trunkline.catalog.needs import Key
from trunkline.catalog.order import in_order
from trunkline.catalog.renamed import under_expected_names
from trunkline.catalog.repair import KINDS, Kind
from trunkline.catalog.repair.columns import free_name
from trunkline.catalog.repair.enums import (
    in_other_order,
    missing_labels,
    moves_over,
    rebuild,
    renamed_labels,
    unexpected_labels,
)
from trunkline.catalog.repair.grants import DEFAULT_PRIVILEGE, beside_default_privileges
from trunkline.catalog.repair.kind import USUAL, Change
from trunkline.catalog.repair.routines import body
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.step import Step
from trunkline.catalog.words import Facts, change_in_words, literal, shown


def compare(expected: Snapshot, found: Snapshot) -> tuple[Difference, ...]:
    """Return the differences, in an order in which their repairs can be run.

    Empty if and only if the two snapshots are equal.
    """
    if expected == found:
        return ()
    renamed, found = under_expected_names(expected, found)
    steps = list(_Comparison(expected, found).steps())
    steps = renamed + in_order(steps, expected, found)
    make_late_keys(steps, expected)
    drop_keys_in_circles(steps, found)
    _make_functions_before_tables(steps, expected)
    return tuple(step.difference() for step in steps)


class _Comparison:
    def __init__(self, expected: Snapshot, found: Snapshot) -> None:
        self.expected = expected
        self.found = found
        self.anew = Anew(expected, found, self._is_altered)
        self.late = late_keys(expected, found)
        self.creatable = without(expected, self.late | surviving(expected, found))
        self.defaults = [
            facts
            for catalog in (expected, found)
            for facts in catalog.of(DEFAULT_PRIVILEGE).values()
        ]
        self.missing = Parts(self.creatable, found)
        self.unexpected = Parts(found, expected)
        self.changed: set[Key] = set()

    def steps(self) -> Iterator[Step]:
        pairs = [
            (
                kind,
                name,
                self.expected.of(kind).get(name),
                self.found.of(kind).get(name),
            )
            for kind in KINDS
            if self.expected.of(kind) != self.found.of(kind)
            for name in dict.fromkeys((*self.expected.of(kind), *self.found.of(kind)))
        ]
        pairs = [pair for pair in pairs if pair[2] != pair[3]]
        self.changed = {(kind, name) for kind, name, *_ in pairs}
        for kind, name, want, have in pairs:
            if want is not None and have is not None:
                yield from self._both(kind, name, want, have)
            elif want is not None:
                yield from self._missing(kind, name, want)
            elif have is not None:
                yield from self._unexpected(kind, name, have)
        yield from beside_objects(self.expected, self.found)

    def _is_altered(self, key: Key) -> bool:
        """Say whether both have an object, and differ in more than its aspects."""
        want, have = (
            catalog.of(key[0]).get(key[1]) for catalog in (self.expected, self.found)
        )
        if want is None or have is None or want == have:
            return False
        change = Change(*key, want, have, self.expected, self.found)
        return bool(change.properties) and not follows(
            change, self.expected, self.found
        )

    def _missing(self, kind: str, name: str, want: Facts) -> Iterator[Step]:
        if self.missing.covers((kind, name)) or (kind, name) in self.late:
            return
        if kind == "column" and "type" not in want:
            yield from self._both(kind, name, want, unadorned(want))
            return
        if kind == "column" and comes_with_type(want, self.expected, self.found):
            yield from self._both(kind, name, want, unadorned(want))
            return
        parts = self.missing.of((kind, name))
        statements = [*free_name(kind, want, self.found)]
        statements += KINDS[kind].create(self.creatable, name, want)
        for other, part in sorted({(kind, name), *parts}):
            facts = self.expected.of(other)[part]
            statements += beside_default_privileges(other, part, facts, self.defaults)
        detail = f"expected {shown(KINDS[kind].describe(want))}"
        yield Step("missing", kind, name, detail, statements, (kind, name), parts)

    def _unexpected(self, kind: str, name: str, have: Facts) -> Iterator[Step]:
        if self.unexpected.covers((kind, name)):
            return
        if kind == "column" and "type" not in have:
            if not has_column(self.expected, have["on"], have["called"]):
                return  # what was set on it goes with the making anew of the whole
            yield from self._both(kind, name, unadorned(have), have)
            return
        if kind == "column" and comes_with_type(have, self.expected, self.found):
            return
        made = self.anew.around(
            (kind, name),
            KINDS[kind].drop(name, have),
            only=lambda key: key not in self.changed,
        )
        yield Step(
            "unexpected",
            kind,
            name,
            f"found {shown(KINDS[kind].describe(have))}",
            made.statements,
            (kind, name),
            made.touched | self.unexpected.of((kind, name)),
        )

    def _both(self, kind: str, name: str, want: Facts, have: Facts) -> Iterator[Step]:
        if kind == "type" and want["form"] == have["form"] == "enum":
            yield from self._labels(name, want, have)
        else:
            yield from self._altered(kind, name, want, have)
        yield from _column_order(kind, name, want, have)
        yield from aspects(kind, name, want, have)

    def _altered(
        self, kind: str, name: str, want: Facts, have: Facts
    ) -> Iterator[Step]:
        change = Change(kind, name, want, have, self.expected, self.found)
        comparer = KINDS[kind]
        if not change.properties or follows(change, self.expected, self.found):
            return
        detail = _detail(comparer, change)
        key = (kind, name)
        statements = None if self.anew.is_late(key) else comparer.alter(change)
        made = Made(statements or [])
        if statements is None and not comparer.replaceable:
            detail += f"; only a new {kind} could have it"
        elif statements is None:
            try:
                made = self.anew.object(key)
            except Blocked as blocked:
                other = " ".join(map(str, blocked.args))
                detail += f"; it cannot be made anew while {other} stands on it"
        elif kind == "column" and not {"type", "collation"}.isdisjoint(
            change.properties
        ):
            made = self.anew.around(
                key, statements, only=lambda key: key[0] in RETYPING_STOPS_AT
            )
        yield _differs(kind, name, detail, made, key)

    def _labels(self, name: str, want: Facts, have: Facts) -> Iterator[Step]:
        key = ("type", name)
        renamed = renamed_labels(want, have)
        for old, new in renamed:
            names = f"{literal(old)} to {literal(new)}"
            yield Step(
                "differs",
                "enum label",
                f"{name} {literal(new)}",
                f"label is {literal(old)} instead of {literal(new)}",
                [f"alter type {name} rename value {names};"],
                key,
            )
        if renamed:
            return
        for label, statement in missing_labels(name, want, have):
            yield Step(
                "missing",
                "enum label",
                f"{name} {literal(label)}",
                f"labels are {shown(have.get('labels'))}"
                f" instead of {shown(want.get('labels'))}",
                [statement],
                key,
            )
        extra = unexpected_labels(want, have)
        if not extra and not in_other_order(want, have):
            return
        detail = change_in_words("order of labels", want["labels"], have["labels"])
        made = Made([])
        try:
            made = self.anew.around(
                key,
                rebuild(self.found, name, want),
                strict=True,
                only=lambda one: not self._holds(one, name),
                retyped=[
                    ("column", column)
                    for column in self.found.of("column")
                    if self._holds(("column", column), name)
                ],
            )
        except Blocked as blocked:
            detail += f"; no label can go while {' '.join(blocked.args)} stands on it"
        if extra:
            labels = ", ".join(map(literal, extra))
            yield Step(
                "unexpected",
                "enum label",
                f"{name} {labels}",
                detail.removeprefix("order of "),
                made.statements,
                key,
                made.touched,
                made.freed,
            )
        else:
            yield _differs("type", name, detail, made, key)

    def _holds(self, key: Key, enum: str) -> bool:
        """Say whether `key` is a column that the rebuilding of an enum moves over."""
        facts = self.found.of(key[0]).get(key[1], {})
        return key[0] == "column" and moves_over(self.found, facts, enum)


def _differs(object_: str, name: str, detail: str, made: Made, key: Key) -> Step:
    statements, touched, freed = made.statements, made.touched, made.freed
    return Step("differs", object_, name, detail, statements, key, touched, freed)


def _detail(comparer: Kind, change: Change) -> str:
    clauses = []
    for name in change.properties:
        usual = USUAL.get(name)
        told = comparer.told.get(
            name, lambda facts, name=name, usual=usual: facts.get(name, usual)
        )
        want, have = told(change.expected), told(change.found)
        if want != have:
            label = comparer.labels.get(name, name.replace("_", " "))
            clauses.append(change_in_words(label, want, have))
    return "; ".join(clauses)


def _column_order(kind: str, name: str, want: Facts, have: Facts) -> Iterator[Step]:
    if kind not in ("table", "foreign table"):
        return
    wanted, had = want.get("columns", []), have.get("columns", [])
    before = [column for column in wanted if column in had]
    after = [column for column in had if column in wanted]
    if before != after:
        yield Step(
            "column_order",
            kind,
            name,
            f"columns stand as {', '.join(after)} instead of {', '.join(before)};"
            " no statement moves a column, only a new table could",
            [],
            (kind, name),
        )


def _make_functions_before_tables(steps: list[Step], expected: Snapshot) -> None:
    """Keep the server from checking a body whose tables a later repair makes.

    A function in SQL whose body is a string names its tables where pg_depend does not
    see them, while a table's policy or default may need the function first.
    """
    later = False
    for step in reversed(steps):
        if step.sort == "missing" and step.object in ("table", "view", "foreign table"):
            later = True
        elif later and _is_checked_text(step, expected):
            step.statements = [
                "set check_function_bodies = off;",
                *step.statements,
                "reset check_function_bodies;",
            ]


def _is_checked_text(step: Step, expected: Snapshot) -> bool:
    if step.sort != "missing" or step.object not in ("function", "procedure"):
        return False
    facts = expected.of(step.object)[step.name]
    return facts["language"] == "sql" and body(facts).startswith("AS ")
