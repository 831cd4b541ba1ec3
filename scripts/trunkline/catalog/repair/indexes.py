"""Indexes that no constraint stands on."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Change, Kind, Statements, by_property
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts


def create(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    """Build an index; one of a partitioned table with those of its partitions."""
    statements = [f"{_definition(facts)};"]
    for other, below in catalog.of("index").items():
        if below.get("derived_from") == name:
            statements += create(catalog, other, below)
            attached = f"{facts['index']} attach partition {below['index']}"
            statements.append(f"alter index {attached};")
    statements += _set_statistics(facts.get("statistics", []), facts)
    if facts.get("clustered"):
        statements.append(f"alter table {facts['on']} cluster on {facts['called']};")
    if facts.get("replica_identity"):
        statements.append(
            f"alter table {facts['on']} replica identity using index {facts['called']};"
        )
    return statements + finish("index", name, facts)


def _definition(facts: Facts) -> str:
    text: str = facts["definition"]
    if "tablespace" not in facts:
        return text
    place = f" TABLESPACE {facts['tablespace']}"
    before, where, after = text.partition(" WHERE ")
    return before + place + where + after


def _set_statistics(targets: list[str], facts: Facts) -> Statements:
    return [
        f"alter index {facts['index']} alter column {number} set statistics {target};"
        for number, target in (item.split() for item in targets)
    ]


def _statistics(change: Change) -> Statements:
    want, have = (
        facts.get("statistics", []) for facts in (change.expected, change.found)
    )
    numbers = {item.split()[0] for item in want}
    gone = [f"{item.split()[0]} -1" for item in have if item.split()[0] not in numbers]
    return _set_statistics([*gone, *want], change.expected)


def _cluster(change: Change) -> Statements:
    facts = change.expected
    if facts.get("clustered"):
        return [f"alter table {facts['on']} cluster on {facts['called']};"]
    return [f"alter table {facts['on']} set without cluster;"]


def _move(change: Change) -> Statements:
    place = change.expected.get("tablespace", "pg_default")
    return [f"alter index {change.expected['index']} set tablespace {place};"]


def _derive(change: Change) -> Statements:
    upper = change.expected.get("derived_from")
    if upper is None:
        return []
    above = change.catalog.of("index")[upper]["index"]
    return [f"alter index {above} attach partition {change.expected['index']};"]


_STEPS = by_property(
    {
        "statistics": _statistics,
        "clustered": _cluster,
        "replica_identity": lambda _: [],
        "tablespace": _move,
        "derived_from": _derive,
    }
)


def _alter(change: Change) -> Statements | None:
    detached = "derived_from" in change.found and "derived_from" not in change.expected
    return None if detached else _STEPS(change)


INDEX = Kind(
    create=create,
    drop=lambda _, facts: [f"drop index {facts['index']};"],
    alter=_alter,
    labels={
        "not_valid": "invalid",
        "not_ready": "not ready",
        "not_live": "not live",
        "clustered": "clustering on it",
        "replica_identity": "use as replica identity",
        "statistics": "statistics targets of its columns",
        "derived_from": "the index of the parent table behind it",
    },
)
