"""Constraints of tables and domains, with the indexes that stand behind them."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import comment_on, finish
from trunkline.catalog.repair.indexes import (
    STATISTICS_LABEL,
    change_statistics,
    set_statistics,
)
from trunkline.catalog.repair.kind import Change, Kind, Statements, by_property
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, reset_options, with_options


def owner_of(facts: Facts) -> str:
    """Return the noun and the name of the table, or of the domain, that it is on."""
    on: str = facts["on"]
    return on if on.startswith("domain ") else f"table {on}"


def create(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    """Add a constraint, as valid and as deferrable as it is expected."""
    clauses = [f"alter {owner_of(facts)} add constraint {facts['called']}"]
    clauses.append(_with_index_settings(facts))
    if "deferrable" in facts:
        clauses.append(facts["deferrable"])
    if facts.get("not_enforced"):
        clauses.append("not enforced")
    if facts.get("not_valid"):
        clauses.append("not valid")
    return [" ".join(clauses) + ";", *_marks(facts), *finish("constraint", name, facts)]


def _with_index_settings(facts: Facts) -> str:
    """Put storage parameters and tablespace where the grammar wants them."""
    text: str = facts["definition"]
    settings = with_options(facts.get("options"))
    if "tablespace" in facts:
        settings += f" using index tablespace {facts['tablespace']}"
    if settings and facts["type"] == "exclude" and " WHERE (" in text:
        before, where, after = text.partition(" WHERE (")
        return before + settings + where + after
    return text + settings


def _marks(facts: Facts) -> Statements:
    table = f"alter table {facts['on']}"
    marks = []
    if facts.get("clustered"):
        marks.append(f"{table} cluster on {facts['called']};")
    if facts.get("is_replica_identity"):
        marks.append(f"{table} replica identity using index {facts['called']};")
    return marks + set_statistics(facts)


def drop(_: str, facts: Facts) -> Statements:
    return [f"alter {owner_of(facts)} drop constraint {facts['called']};"]


def _defer(change: Change) -> Statements | None:
    facts = change.expected
    if facts["type"] != "foreign key":
        return None
    word = facts.get("deferrable", "not deferrable")
    return [f"alter table {facts['on']} alter constraint {facts['called']} {word};"]


def _own(change: Change) -> Statements:
    """Add to an inherited check the table's own; none can be taken from it."""
    facts = change.expected
    if not facts.get("also_local"):
        return []
    text = f"add constraint {facts['called']} {facts['definition']}"
    return [f"alter table {facts['on']} {text};"]


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


def _options(change: Change) -> Statements:
    return reset_options(
        f"alter index {change.expected['index']}",
        change.expected.get("options"),
        change.found.get("options"),
    )


def _validate(change: Change) -> Statements:
    facts = change.expected
    return [f"alter {owner_of(facts)} validate constraint {facts['called']};"]


_STEPS = by_property(
    {
        "not_valid": _validate,
        "clustered": _cluster,
        "tablespace": _move,
        "options": _options,
        "statistics": change_statistics,
        "index": lambda _: [],
        "index_comment": lambda change: [
            comment_on("constraint", change.name, change.expected, "index_comment")
        ],
    }
)


def _alter(change: Change) -> Statements | None:
    differing = set(change.properties)
    if "not_valid" in differing and change.expected.get("not_valid"):
        return None
    if differing == {"deferrable"}:
        return _defer(change)
    if differing == {"also_local"}:
        return _own(change)
    return _STEPS(change)


CONSTRAINT = Kind(
    create=create,
    drop=drop,
    alter=_alter,
    labels={
        "not_valid": "not valid",
        "not_enforced": "not enforced",
        "triggers_disabled": "disabling of the triggers that enforce it on",
        "index_not_valid": "an invalid index",
        "index_comment": "the comment on its index",
        "options": "storage parameters",
        "clustered": "clustering on it",
        "statistics": STATISTICS_LABEL,
        "also_local": "an own definition beside the inherited one",
        "derived_from": "the constraint of the parent table behind it",
    },
)
