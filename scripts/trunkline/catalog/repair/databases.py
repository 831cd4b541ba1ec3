"""The database itself and its settings, without its name.

The catalog of one database may have to become that of another, so a repair asks the
server for the name of the database that it runs on.
"""

from __future__ import annotations

import re

from trunkline.catalog.repair.kind import Change, Kind, Statements, by_property
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, here, literal, shown

_LISTS = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)
"""Settings whose value is a list of names, each to be quoted alone (GUC_LIST_QUOTE)."""


def _create_database(_: Snapshot, __: str, ___: Facts) -> Statements:
    return []


def _drop_database(_: str, __: Facts) -> Statements:
    return []


def _limit(change: Change) -> Statements:
    limit = change.expected.get("connection_limit", -1)
    return [here(f"alter database %I connection limit {limit};")]


def _template(change: Change) -> Statements:
    template = str(change.expected.get("is_template", False)).lower()
    return [here(f"alter database %I is_template {template};")]


DATABASE = Kind(
    create=_create_database,
    drop=_drop_database,
    alter=by_property({"connection_limit": _limit, "is_template": _template}),
    replaceable=False,
)


def _target(facts: Facts) -> str:
    if "role" in facts:
        return f"alter role {facts['role'].replace('%', '%%')} in database %I"
    return "alter database %I"


def setting_value(name: str, value: str) -> str:
    """Return what stands behind `set NAME =` for a value as the catalog keeps it."""
    if name not in _LISTS:
        return literal(value)
    names = re.findall(r'"(?:[^"]|"")*"|[^,\s]+', value)
    plain = (
        name[1:-1].replace('""', '"') if name.startswith('"') else name
        for name in names
    )
    return ", ".join(map(literal, plain)) or "''"


def _create_setting(_: Snapshot, __: str, facts: Facts) -> Statements:
    name = facts["setting"]
    value = setting_value(name, facts.get("value", "")).replace("%", "%%")
    return [here(f"{_target(facts)} set {name} = {value};")]


def _drop_setting(_: str, facts: Facts) -> Statements:
    return [here(f"{_target(facts)} reset {facts['setting']};")]


DATABASE_SETTING = Kind(
    create=_create_setting,
    drop=_drop_setting,
    alter=lambda change: _create_setting(change.catalog, change.name, change.expected),
    describe=lambda facts: shown(facts.get("value", "")),
)
