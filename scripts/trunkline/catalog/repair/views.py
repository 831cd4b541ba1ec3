"""Views and materialized views."""

from __future__ import annotations

from trunkline.catalog.repair import attached, columns, indexes
from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Change, Kind, Statements, plain_drop
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, reset_options, with_options


def _create_view(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    options = with_options(facts.get("options"))
    statements = [f"create view {name}{options} as\n{_query(facts)};"]
    statements += _attach(catalog, name)
    return statements + finish("view", name, facts) + _finish_columns(catalog, name)


def _create_materialized(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    text = f"create materialized view {name}"
    if "access_method" in facts:
        text += f" using {facts['access_method']}"
    text += with_options(facts.get("options"))
    if "tablespace" in facts:
        text += f" tablespace {facts['tablespace']}"
    filled = "with no data" if facts.get("not_populated") else "with data"
    statements = [f"{text} as\n{_query(facts)}\n{filled};"]
    for key, own in catalog.parts("index", name):
        statements += indexes.create(catalog, key, own)
    for key, own in catalog.parts("column", name):
        statements += columns.settings(key, own)
    statements += finish("materialized view", name, facts)
    return statements + _finish_columns(catalog, name)


def _query(facts: Facts) -> str:
    text: str = facts["definition"]
    return text.rstrip().removesuffix(";")


def _attach(catalog: Snapshot, name: str) -> Statements:
    statements: Statements = []
    for key, own in catalog.parts("column", name):
        if "default" in own:
            bare = {"on": name, "called": own["called"]}
            change = Change("column", key, own, bare, catalog)
            statements += columns.alter(change) or []
    for key, own in catalog.parts("rule", name):
        statements += attached.RULE.create(catalog, key, own)
    for key, own in catalog.parts("trigger", name):
        statements += attached.TRIGGER.create(catalog, key, own)
    return statements


def _finish_columns(catalog: Snapshot, name: str) -> Statements:
    return [
        statement
        for key, own in catalog.parts("column", name)
        for statement in finish("column", key, own)
    ]


def _alter_view(change: Change) -> Statements | None:
    want, have = change.expected, change.found
    if want["output"][: len(have["output"])] != have["output"]:
        return None
    options = with_options(want.get("options"))
    if want["definition"] != have["definition"]:
        text = f"create or replace view {change.name}{options} as\n{_query(want)};"
        return [text]
    return reset_options(
        f"alter view {change.name}", want.get("options"), have.get("options")
    )


def _alter_materialized(change: Change) -> Statements | None:
    want, have = change.expected, change.found
    differing = set(change.properties)
    if not differing <= {"options", "access_method", "tablespace", "not_populated"}:
        return None
    target = f"alter materialized view {change.name}"
    statements = reset_options(target, want.get("options"), have.get("options"))
    if "access_method" in differing:
        method = want.get("access_method", "heap")
        statements.append(f"{target} set access method {method};")
    if "tablespace" in differing:
        place = want.get("tablespace", "pg_default")
        statements.append(f"{target} set tablespace {place};")
    if "not_populated" in differing:
        data = " with no data" if want.get("not_populated") else ""
        statements.append(f"refresh materialized view {change.name}{data};")
    return statements


_LABELS = {
    "output": "columns",
    "not_populated": "unpopulated",
    "options": "parameters",
}

VIEW = Kind(
    create=_create_view,
    drop=plain_drop("view"),
    alter=_alter_view,
    labels=_LABELS,
)

MATERIALIZED_VIEW = Kind(
    create=_create_materialized,
    drop=plain_drop("materialized view"),
    alter=_alter_materialized,
    labels=_LABELS,
)
