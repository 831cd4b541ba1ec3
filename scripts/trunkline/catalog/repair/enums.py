"""Labels of enums: added where they stood; taken away only with a new type.

PostgreSQL cannot drop a label, nor move one. What is left is a new type in the old
one's place, and every column moved over to it; that fails, as it should, when a row
still holds the label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Statements
from trunkline.catalog.repair.types import enum
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, aside, literal


def renamed_labels(want: Facts, have: Facts) -> list[tuple[str, str]]:
    """Return the labels, found and expected, that stand in each other's places.

    Empty unless that is all in which two enums differ.
    """
    wanted, had = want.get("labels", []), have.get("labels", [])
    if len(wanted) != len(had):
        return []
    pairs = [(x, y) for x, y in zip(had, wanted, strict=True) if x != y]
    if any(x in wanted or y in had for x, y in pairs):
        return []
    return pairs


def missing_labels(name: str, want: Facts, have: Facts) -> Iterator[tuple[str, str]]:
    """Yield each label that is not there and the statement that adds it in place."""
    there = list(have.get("labels", ()))
    labels = want.get("labels", [])
    for place, label in enumerate(labels):
        if label in there:
            continue
        position = ""
        if place:
            position = f" after {literal(labels[place - 1])}"
        elif there:
            following = next((one for one in labels if one in there), there[0])
            position = f" before {literal(following)}"
        there.append(label)
        yield label, f"alter type {name} add value {literal(label)}{position};"


def unexpected_labels(want: Facts, have: Facts) -> list[str]:
    """Return the labels that only the found enum has."""
    return [x for x in have.get("labels", ()) if x not in want.get("labels", ())]


def in_other_order(want: Facts, have: Facts) -> bool:
    """Say whether the labels that both have stand in another order."""
    wanted, had = want.get("labels", []), have.get("labels", [])
    return [x for x in wanted if x in had] != [x for x in had if x in wanted]


def moves_over(found: Snapshot, facts: Facts, name: str) -> bool:
    """Say whether a column is of an enum and can be moved over to another.

    PostgreSQL computes a generated one anew, and a partition key stands where it is.
    """
    if facts.get("type") not in (name, f"{name}[]") or "generated" in facts:
        return False
    key = found.of("table").get(facts["on"], {}).get("partition_key", "")
    return not re.search(rf"(?<![\w\"]){re.escape(facts['called'])}(?![\w\"])", key)


def rebuild(found: Snapshot, name: str, want: Facts) -> Statements:
    """Return what puts a new enum in the place of the found one."""
    old, old_name = aside(name)
    statements = [f"alter type {name} rename to {old};", enum(name, want)]
    for facts in found.of("column").values():
        if not moves_over(found, facts, name) or facts.get("inherited"):
            continue
        kind = facts["type"]
        column = f"alter table {facts['on']} alter column {facts['called']}"
        usual = "default" in facts and "generated" not in facts
        if usual:
            statements.append(f"{column} drop default;")
        text = "text[]" if kind.endswith("[]") else "text"
        statements.append(
            f"{column} type {kind} using {facts['called']}::{text}::{kind};"
        )
        if usual:
            statements.append(f"{column} set default {facts['default']};")
    statements.append(f"drop type {old_name};")
    return statements + finish("type", name, want)
