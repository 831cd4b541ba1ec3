"""What goes by another name: a rollback forgot to give the old one back.

To drop it and to make it anew would lose its rows. It is the same object when its
address in the catalog is the same and all else of it is alike; then one statement
renames it, and what only mentions its name is no difference of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from trunkline.catalog.needs import Key
from trunkline.catalog.repair.constraints import owner_of
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.step import Step
from trunkline.catalog.words import Facts, change_in_words, parts_of

_RELATIONS = ("table", "foreign table", "materialized view", "sequence")
_KINDS = ("schema", *_RELATIONS, "type", "domain", "column", "constraint", "index")
_ALIKE = ("columns", "type", "definition", "form", "labels", "attributes", "owner")
"""The facts by which a renamed object is known again."""


def under_expected_names(
    expected: Snapshot, found: Snapshot
) -> tuple[list[Step], Snapshot]:
    """Return the renamings, in order, and what would be found after them."""
    moved = {
        have: want
        for address, have in found.addresses.items()
        if (want := expected.addresses.get(address, have)) != have
        and want[0] == have[0]
        and not found.has(want)
        and not expected.has(have)
    }
    renamings = [
        renaming
        for kind in _KINDS
        for have, want in moved.items()
        if kind == want[0]
        and (renaming := _Renaming(have, want, expected, found)).is_one
    ]
    if not renamings:
        return [], found
    mentions = _Mentions(found, renamings)
    known = [one for one in renamings if one.is_alike(mentions.names(one.have_key))]
    after = _after(expected, found, moved, _Mentions(found, known))
    return [one.step for one in known if not one.follows], after


@dataclass(frozen=True)
class _Renaming:
    have_key: Key
    want_key: Key
    expected: Snapshot
    found: Snapshot

    @cached_property
    def want(self) -> Facts:
        return self.expected.of(self.want_key[0])[self.want_key[1]]

    @cached_property
    def have(self) -> Facts:
        return self.found.of(self.have_key[0])[self.have_key[1]]

    @cached_property
    def old(self) -> str:
        return _bare(self.have_key, self.have)

    @cached_property
    def new(self) -> str:
        return _bare(self.want_key, self.want)

    @property
    def follows(self) -> bool:
        """Say whether the parent table's renaming reaches it."""
        kind, _ = self.have_key
        reached = kind == "column" or self.have.get("type") == "check"
        return reached and bool(self.have.get("inherited"))

    @property
    def _schemas(self) -> tuple[str, str]:
        """Where a relation or a type was found, and where it is expected."""
        if "called" in self.have or self.have_key[0] == "schema":
            return "", ""
        return parts_of(self.have_key[1])[0], parts_of(self.want_key[1])[0]

    @property
    def names(self) -> Iterator[tuple[str, str]]:
        """Yield what is to be read otherwise, in all that mentions it."""
        if self.old != self.new:
            yield self.old, self.new
        if self._moves:
            yield self.have_key[1], self.want_key[1]
            for own in self._taken_along:
                yield own, f"{self._schemas[1]}.{parts_of(own)[1]}"

    @property
    def _taken_along(self) -> Iterator[str]:
        """Yield the indexes and sequences that go where their table goes."""
        table = self.have_key[1]
        for kind in ("index", "constraint"):
            for _, own in self.found.having(kind, "on", table):
                if "index" in own:
                    yield own["index"]
        for column, _ in self.found.having("column", "on", table):
            for name, _ in self.found.having("sequence", "owned_by", column):
                yield name

    @property
    def _moves(self) -> bool:
        """Say whether it is in another schema, and the schema is a known one."""
        here, there = self._schemas
        known = (self.expected.has(("schema", here)), self.found.has(("schema", there)))
        return here != there and all(known)

    @property
    def is_one(self) -> bool:
        """Say whether it has another name of its own, and not just its table's."""
        if self.have_key[0] == "column" and "type" not in self.have:
            return False
        if self.have_key[0] == "sequence" and self._moves and "owned_by" in self.have:
            return self.old != self.new
        return (self.old != self.new or self._moves) and not self._is_taken

    @property
    def _is_taken(self) -> bool:
        """Say whether something else has got the name meanwhile."""
        name = self.want.get("index", self.want_key[1])
        return self.found.relation(name) is not None or any(
            facts.get("index") == name
            for kind in ("index", "constraint")
            for facts in self.found.of(kind).values()
        )

    def is_alike(self, names: _Names) -> bool:
        if self.want_key[0] == "schema":
            pairs = zip(*(self._contents(x) for x in (0, 1)), strict=False)
            return any(names(have) == want for have, want in pairs)
        here, there = self._schemas
        in_place = self._moves or names(here) == there
        return in_place and all(
            self.want.get(fact) in (self.have.get(fact), names(self.have.get(fact)))
            for fact in _ALIKE
        )

    def _contents(self, side: int) -> list[str]:
        catalog = (self.found, self.expected)[side]
        schema = (self.have_key, self.want_key)[side][1]
        return sorted(
            name
            for kind in _RELATIONS
            for name in catalog.of(kind)
            if name.startswith(f"{schema}.")
        )

    @property
    def step(self) -> Step:
        kind, name = self.want_key
        details, statements = [], []
        if self._moves:
            here, there = self._schemas
            details.append(change_in_words("schema", there, here))
            statements.append(f"alter {kind} {here}.{self.old} set schema {there};")
        if self.old != self.new:
            details.append(change_in_words("name", self.new, self.old))
            statements.append(self._renaming)
        detail = "; ".join(details)
        return Step("differs", kind, name, detail, statements, self.want_key)

    @property
    def _renaming(self) -> str:
        kind = self.want_key[0]
        if kind in ("column", "constraint"):
            owner = owner_of(self.want)
            return f"alter {owner} rename {kind} {self.old} to {self.new};"
        if kind == "schema":
            return f"alter schema {self.old} rename to {self.new};"
        schema, _ = parts_of(self.want.get("index", self.want_key[1]))
        return f"alter {kind} {schema}.{self.old} rename to {self.new};"


def _bare(key: Key, facts: Facts) -> str:
    called: str = facts.get("called") or key[1]
    return called if "called" in facts or key[0] == "schema" else parts_of(called)[1]


class _Mentions:
    """Which of the renamings an object's facts may mention, by what it stands on."""

    def __init__(self, found: Snapshot, renamings: Sequence[_Renaming]) -> None:
        self._found = found
        self._of: dict[Key, list[tuple[str, str]]] = {}
        self._anywhere: list[tuple[str, str]] = []
        for one in renamings:
            for old, new in one.names:
                if "." in old or one.have_key[0] == "schema":
                    self._anywhere.append((old, new))
                else:
                    self._of.setdefault(one.have_key, []).append((old, new))

    def names(self, key: Key) -> _Names:
        """Return what is to be read otherwise in the facts of one object."""
        near = {key, *self._found.needs.get(key, ())}
        for kind, name in (*near,):
            facts = self._found.of(kind).get(name, {})
            relation = self._found.relation(facts.get("on", ""))
            if relation is not None:
                near.add(relation)
        near.update(
            (kind, name)
            for kind in ("column", "index", "constraint")
            for name, _ in self._found.having(kind, "on", key[1])
        )
        own = [pair for one in near for pair in self._of.get(one, ())]
        return _names(frozenset((*self._anywhere, *own)))


@cache
def _names(pairs: frozenset[tuple[str, str]]) -> _Names:
    return _Names(dict(sorted(pairs)))


class _Names:
    """Puts the expected names in the place of the found ones, anywhere in facts."""

    def __init__(self, new: Mapping[str, str]) -> None:
        self._new = new
        either = "|".join(map(re.escape, sorted(new, key=len, reverse=True)))
        self._old = re.compile(rf'(?<![\w"$])(?:{either})(?![\w"$])')
        same = "|".join(map(re.escape, new.values()))
        self._twice = re.compile(rf'((?:\w+\.)?({same})) AS \2(?![\w"$])')

    def __call__(self, fact: Any) -> Any:
        if not self._new:
            return fact
        if isinstance(fact, str):
            text = self._old.sub(lambda match: self._new[match[0]], fact)
            return text if text == fact else self._twice.sub(r"\1", text)
        if isinstance(fact, list):
            return [self(item) for item in fact]
        if isinstance(fact, dict):
            return {name: self(value) for name, value in fact.items()}
        return fact


def _after(
    expected: Snapshot, found: Snapshot, moved: Mapping[Key, Key], mentions: _Mentions
) -> Snapshot:
    new = {
        have: want
        for have, want in moved.items()
        if mentions.names(have)(have[1]) == want[1]
        or _is_same_part(expected, found, have, want, mentions)
    }

    def renamed(key: Key) -> Key:
        return new.get(key, key)

    objects: dict[str, dict[str, Facts]] = {}
    for kind, some in found.objects.items():
        for name, facts in some.items():
            key = renamed((kind, name))
            want = expected.of(kind).get(key[1], {})
            told = facts
            if facts != want:
                told = _told(want, facts, mentions.names((kind, name)))
            is_sure = key != (kind, name) or told == want
            objects.setdefault(kind, {})[key[1]] = told if is_sure else facts
    return Snapshot(
        objects,
        found.server_version,
        lambda: {
            renamed(key): frozenset(map(renamed, needed))
            for key, needed in found.needs.items()
        },
    )


def _is_same_part(
    expected: Snapshot, found: Snapshot, have: Key, want: Key, mentions: _Mentions
) -> bool:
    """Say whether it is the same part of a table that has another name."""
    was, now = expected.of(want[0])[want[1]], found.of(have[0])[have[1]]
    if "on" not in was or was["called"] != now.get("called"):
        return False
    table = mentions.names(have)(now["on"])
    return bool(was["on"] == table)


def _told(want: Facts, facts: Facts, names: _Names) -> Facts:
    """Return the facts with the expected names, but where they are as expected."""
    return {
        fact: value if value == want.get(fact) else names(value)
        for fact, value in facts.items()
    }
