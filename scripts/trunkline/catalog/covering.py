"""Which differences are told by another one: the parts of what is missing as a whole."""

from __future__ import annotations

from trunkline.catalog.repair.types import own_functions
from trunkline.catalog.snapshot import Key, Snapshot
from trunkline.catalog.words import Facts


def covering(key: Key, facts: Facts, here: Snapshot, there: Snapshot) -> Key | None:
    """Return the object that takes `key` along, if that is lacking as well.

    `here` has the object, `there` lacks it: expected and found for what is missing,
    found and expected for what is unexpected.
    """
    for holder in _holders(key, facts, here):
        if here.has(holder) and not there.has(holder):
            return holder
    if key[0] == "sequence" and facts.get("of_identity"):
        column = there.of("column").get(facts["owned_by"], {})
        if "identity" not in column:
            return "column", facts["owned_by"]
    return None


def _holders(key: Key, facts: Facts, here: Snapshot) -> list[Key]:
    kind, name = key
    holders: list[Key] = []
    if "on" in facts:
        domain = facts["on"].removeprefix("domain ")
        relation = here.relation(facts["on"])
        holders.append(relation or ("domain", domain))
    if "derived_from" in facts:
        holders.append((kind, facts["derived_from"]))
    if kind in ("column", "constraint") and facts.get("inherited"):
        if not facts.get("also_local"):
            holders += _inherited_from(kind, facts, here)
    if "owned_by" in facts:
        holders.append(("column", facts["owned_by"]))
    if kind == "function":
        holders += [
            needed
            for needed in here.needs.get(key, ())
            if needed[0] == "type" and name in own_functions(here, needed[1])
        ]
    return holders


def _inherited_from(kind: str, facts: Facts, here: Snapshot) -> list[Key]:
    table = here.relation(facts["on"])
    parents = here.of(table[0])[table[1]].get("inherits", ()) if table else ()
    if kind == "column":
        return [("column", f"{parent}.{facts['called']}") for parent in parents]
    return [("constraint", f"{facts['called']} on {parent}") for parent in parents]


def parts_of(key: Key, here: Snapshot, there: Snapshot) -> frozenset[Key]:
    """Return what the repair of `key` makes or drops with it, however deep."""
    parts: set[Key] = set()
    for kind, objects in here.objects.items():
        for name, facts in objects.items():
            if not there.has((kind, name)):
                holder = covering((kind, name), facts, here, there)
                if holder is not None and (holder == key or holder in parts):
                    parts.add((kind, name))
    return frozenset(parts)
