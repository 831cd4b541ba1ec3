"""Indexes that no constraint stands on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Change, Kind, Statements, by_property
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts

_BEFORE_PREDICATE = re.compile(r"""(?:'[^']*'|"[^"]*"|(?! WHERE )[^'"])*""", re.DOTALL)
"""The text of an index up to its predicate; what is quoted may say WHERE as well."""

STATISTICS_LABEL = "statistics targets of its columns"


def create(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    """Build an index; one of a partitioned table with those of its partitions."""
    statements = [f"{_definition(facts)};"]
    for other, below in catalog.having("index", "derived_from", name):
        statements += create(catalog, other, below)
    statements += _attach(catalog, facts)
    statements += set_statistics(facts)
    if facts.get("clustered"):
        statements.append(f"alter table {facts['on']} cluster on {facts['called']};")
    if facts.get("is_replica_identity"):
        statements.append(
            f"alter table {facts['on']} replica identity using index {facts['called']};"
        )
    return statements + finish("index", name, facts)


def _attach(catalog: Snapshot, facts: Facts) -> Statements:
    """Return the statement that puts an index below one of the parent table."""
    upper = catalog.of("index").get(facts.get("derived_from", ""))
    if upper is None:
        return []
    return [f"alter index {upper['index']} attach partition {facts['index']};"]


def _definition(facts: Facts) -> str:
    text: str = facts["definition"]
    if "tablespace" not in facts:
        return text
    place = f" TABLESPACE {facts['tablespace']}"
    before = _BEFORE_PREDICATE.match(text)
    assert before is not None
    return before[0] + place + text[before.end() :]


def set_statistics(facts: Facts, gone: Iterable[str] = ()) -> Statements:
    """Return what gives the expressions of an index their statistics targets."""
    targets = [*gone, *facts.get("statistics", ())]
    return [
        f"alter index {facts['index']} alter column {number} set statistics {target};"
        for number, target in (item.split() for item in targets)
    ]


def change_statistics(change: Change) -> Statements:
    """Bring the statistics targets of an index to the expected ones."""
    want, have = (
        facts.get("statistics", []) for facts in (change.expected, change.found)
    )
    numbers = {item.split()[0] for item in want}
    gone = [f"{item.split()[0]} -1" for item in have if item.split()[0] not in numbers]
    return set_statistics(change.expected, gone)


def _cluster(change: Change) -> Statements:
    facts = change.expected
    if facts.get("clustered"):
        return [f"alter table {facts['on']} cluster on {facts['called']};"]
    for kind in ("constraint", "index"):
        for _, other in change.catalog.having(kind, "on", facts["on"]):
            if other.get("clustered"):
                return [f"alter table {facts['on']} cluster on {other['called']};"]
    return [f"alter table {facts['on']} set without cluster;"]


def _move(change: Change) -> Statements:
    place = change.expected.get("tablespace", "pg_default")
    return [f"alter index {change.expected['index']} set tablespace {place};"]


def _attach_below(change: Change) -> Statements:
    """Make an index of a partitioned table valid: every partition has one below it."""
    statements: Statements = []
    for name, facts in change.catalog.having("index", "derived_from", change.name):
        if change.there.has(("index", name)):
            statements += _attach(change.catalog, facts)
        else:
            statements += create(change.catalog, name, facts)
    return statements


_STEPS = by_property(
    {
        "statistics": change_statistics,
        "clustered": _cluster,
        "tablespace": _move,
        "derived_from": lambda change: _attach(change.catalog, change.expected),
    }
)


def _alter(change: Change) -> Statements | None:
    upper = change.found.get("derived_from")
    if change.properties == ["not_valid"] and not change.expected.get("not_valid"):
        return _attach_below(change) or None
    if upper is None or upper == change.expected.get("derived_from"):
        return _STEPS(change)
    return _detach(change, upper)


def _detach(change: Change, upper: str) -> Statements:
    """Free an index from one of the parent table: only dropping that does it."""
    statements = [f"drop index if exists {change.found['index']};"]
    if upper in change.catalog.of("index"):
        above = change.catalog.of("index")[upper]
        statements = [f"drop index {above['index']};"]
        statements += create(change.catalog, upper, above)
    return statements + create(change.catalog, change.name, change.expected)


INDEX = Kind(
    create=create,
    drop=lambda _, facts: [f"drop index {facts['index']};"],
    alter=_alter,
    labels={
        "not_valid": "invalid",
        "not_ready": "not ready",
        "not_live": "not live",
        "clustered": "clustering on it",
        "statistics": STATISTICS_LABEL,
        "derived_from": "the index of the parent table behind it",
    },
)
