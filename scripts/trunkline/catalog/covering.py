"""Which differences another one tells: those of the parts of what is missing whole."""

from __future__ import annotations

from typing import Any

from trunkline.catalog.needs import Key
from trunkline.catalog.repair.kind import Change
from trunkline.catalog.repair.types import own_functions
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts


def covering(key: Key, facts: Facts, here: Snapshot, there: Snapshot) -> Key | None:
    """Return the object that takes `key` along, if that is lacking as well.

    `here` has the object, `there` lacks it: expected and found for what is missing,
    found and expected for what is unexpected.
    """
    for holder in _holders(key, facts, here):
        if not here.has(holder):
            continue
        if not there.has(holder) or _keeps_to_itself(*holder, there):
            return holder
    upper = facts.get("derived_from", "") if key[0] == "index" else ""
    if there.of("index").get(upper, {}).get("not_valid"):
        return "index", upper
    if key[0] == "sequence" and facts.get("of_identity"):
        column = there.of("column").get(facts["owned_by"], {})
        if "identity" not in column:
            return "column", facts["owned_by"]
    return None


def _keeps_to_itself(kind: str, name: str, there: Snapshot) -> bool:
    """Say whether a constraint that is handed down here is not handed down there."""
    text: str = there.of(kind)[name].get("definition", "")
    return kind == "constraint" and text.endswith(" NO INHERIT")


def _holders(key: Key, facts: Facts, here: Snapshot) -> list[Key]:
    kind, name = key
    holders: list[Key] = []
    if "on" in facts:
        domain = facts["on"].removeprefix("domain ")
        relation = here.relation(facts["on"])
        holders.append(relation or ("domain", domain))
    holders += _inherited_from(key, facts, here)
    if "owned_by" in facts:
        holders.append(("column", facts["owned_by"]))
    if kind == "function":
        holders += [
            needed
            for needed in here.needs.get(key, ())
            if needed[0] == "type" and name in own_functions(here, needed[1])
        ]
    return holders


def _inherited_from(key: Key, facts: Facts, here: Snapshot) -> list[Key]:
    kind = key[0]
    if "derived_from" in facts:
        return [(kind, facts["derived_from"])]
    if not facts.get("inherited") or facts.get("also_local"):
        return []
    table = here.relation(facts["on"])
    parents = here.of(table[0])[table[1]].get("inherits", ()) if table else ()
    if kind == "column":
        return [("column", f"{parent}.{facts['called']}") for parent in parents]
    return [("constraint", f"{facts['called']} on {parent}") for parent in parents]


class Parts:
    """What the repair of a missing or unexpected object makes or drops with it."""

    def __init__(self, here: Snapshot, there: Snapshot) -> None:
        self._parts: dict[Key, list[Key]] = {}
        self._covered: set[Key] = set()
        for kind, objects in here.objects.items():
            for name in objects.keys() - there.of(kind).keys():
                key = (kind, name)
                holder = covering(key, objects[name], here, there)
                if holder is not None:
                    self._parts.setdefault(holder, []).append(key)
                    self._covered.add(key)

    def covers(self, key: Key) -> bool:
        """Say whether another object takes this one along."""
        return key in self._covered

    def of(self, key: Key) -> frozenset[Key]:
        """Return what an object takes along, however deep."""
        parts: set[Key] = set()
        heads = [key]
        while heads:
            new = [one for one in self._parts.get(heads.pop(), ()) if one not in parts]
            parts.update(new)
            heads += new
        return frozenset(parts)


def follows(change: Change, expected: Snapshot, found: Snapshot) -> bool:
    """Say whether an object differs only as the one of the parent table does.

    The repair of a parent's column, index or constraint reaches its partitions too,
    and that of a type's attribute the tables of the type; a sequence goes and comes
    with its table or its identity column; and statistics tell their columns as they
    stand in the table.
    """
    key, want, have = (change.kind, change.name), change.expected, change.found
    typed = change.kind == "column" and comes_with_type(want, expected, found)
    if typed and {"type", "collation"}.issuperset(change.properties):
        return True
    if change.kind == "sequence" and "of_identity" in change.properties:
        column = (want if want.get("of_identity") else have)["owned_by"]
        return column in expected.of("column") and column in found.of("column")
    if change.kind == "sequence" and change.properties == ["owned_by"]:
        comes = want.get("owned_by", "") not in found.of("column")
        return "owned_by" in want and comes and _goes(have, expected, found)
    if change.kind == "statistics" and change.properties == ["definition"]:
        return _columns_of(want["definition"]) == _columns_of(have["definition"])
    if change.properties == ["derived_from"] and change.kind != "trigger":
        # To attach a partition, or to detach it, does so with its keys and indexes.
        before, after = (x.of("table").get(want["on"], {}) for x in (expected, found))
        return before.get("inherits") != after.get("inherits")
    for upper in _inherited_from(key, want, expected):
        if upper in _inherited_from(key, have, found):
            above = Change(
                *upper,
                expected.of(upper[0])[upper[1]],
                found.of(upper[0])[upper[1]],
                expected,
            )
            return not is_default_alone(above) and all(
                name in above.properties
                and (name == "definition" or _pair(change, name) == _pair(above, name))
                for name in change.properties
            )
    return False


def is_default_alone(change: Change) -> bool:
    """Say whether a column's default is all that differs: each table has its own."""
    generated = "generated" in change.expected or "generated" in change.found
    return change.properties == ["default"] and not generated


def comes_with_type(column: Facts, expected: Snapshot, found: Snapshot) -> bool:
    """Say whether a column is on a table of a type that gives it its columns."""
    types = {
        catalog.of("table").get(column["on"], {}).get("of_type")
        for catalog in (expected, found)
    }
    return len(types) == 1 and None not in types


def _columns_of(statistics: str) -> tuple[str, ...]:
    """The columns of extended statistics in order, where there is no expression."""
    kinds, _, rest = statistics.partition(" ON ")
    columns, _, table = rest.rpartition(" FROM ")
    names = [columns] if "(" in columns else sorted(columns.split(", "))
    return (kinds, *names, table)


def _pair(change: Change, name: str) -> tuple[Any, Any]:
    return change.expected.get(name), change.found.get(name)


def surviving(expected: Snapshot, found: Snapshot) -> set[Key]:
    """Return the sequences that a missing column has to share, not to make."""
    return {
        ("sequence", name)
        for name, facts in expected.of("sequence").items()
        if name in found.of("sequence")
        and "owned_by" in facts
        and facts["owned_by"] not in found.of("column")
        and not _goes(found.of("sequence")[name], expected, found)
    }


def _goes(sequence: Facts, expected: Snapshot, found: Snapshot) -> bool:
    """Say whether a sequence goes, with its table or with its identity column."""
    column = sequence.get("owned_by")
    if column is None or column in expected.of("column"):
        return False
    table = found.of("column")[column]["on"]
    return bool(sequence.get("of_identity")) or expected.relation(table) is None


def has_column(catalog: Snapshot, relation: str, column: str) -> bool:
    """Say whether a view or a composite type has a column of that name."""
    key = catalog.relation(relation)
    facts = catalog.of(key[0])[key[1]] if key else {}
    names = [name for name, _ in facts.get("attributes", ())]
    outputs = facts.get("output", ())
    return column in names or any(one.startswith(f"{column} ") for one in outputs)


def unadorned(facts: Facts) -> Facts:
    """Return a column without what may be set on it."""
    kept = ("on", "called", "storage_of_type", "type", "collation")
    return {name: facts[name] for name in kept if name in facts}
