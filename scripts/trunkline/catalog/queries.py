"""The SQL of the snapshot, one file per kind of object, fitted to a server.

A line that ends in `-- since 18` (or `-- until 16`) is there only on such servers, one
that ends in `-- superuser` only for such a role, so each file stays plain SQL that can
be pasted into psql.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

# What others are part of comes first: the reader resolves parents as it goes.
OBJECTS = (
    "database",
    "database_setting",
    "schema",
    "extension",
    "language",
    "access_method",
    "table",
    "view",
    "type",
    "enum",
    "domain",
    "column",
    "sequence",
    "constraint",
    "domain_constraint",
    "index",
    "trigger",
    "rule",
    "policy",
    "statistics",
    "routine",
    "aggregate",
    "operator",
    "operator_family",
    "operator_class",
    "cast",
    "transform",
    "collation",
    "conversion",
    "text_search_parser",
    "text_search_template",
    "text_search_dictionary",
    "text_search_configuration",
    "foreign_data_wrapper",
    "server",
    "user_mapping",
    "publication",
    "subscription",
    "event_trigger",
    "default_privilege",
    "privilege",
    "derived",
)

# Run first: it names those of OBJECTS that need not be run.
ABSENT = "absent"

ABOUT_OBJECTS = ("role", "comment", "label", "dependency")

PREPARE = """
select
    set_config('search_path', 'pg_catalog, pg_temp', true),
    set_config('timezone', 'UTC', true),
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true),
    set_config('extra_float_digits', '1', true),
    set_config('bytea_output', 'hex', true),
    set_config('quote_all_identifiers', 'off', true),
    set_config('jit', 'off', true),
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('join_collapse_limit', '1', true)
"""
"""Names come out qualified and constants alike whatever the caller's settings are. The
joins stand in a good order already; to look for a better one costs more than they do.
"""

_CONDITION = re.compile(r"-- (?:(since|until) (\d+)|superuser)\s*$")


@cache
def body(name: str) -> str:
    """Return `sql/NAME.sql` as it stands."""
    return (resources.files(__package__) / "sql" / f"{name}.sql").read_text("utf-8")


@cache
def within(name: str, major: int, superuser: bool, column: str) -> str:
    """Return the same query as `query`, for `$1`, the OIDs in a column of it."""
    whole = query(name, major, superuser).strip().removesuffix(";")
    return f"select * from (\n{whole}\n) as q where q.{column} = any($1::oid[])"


@cache
def query(name: str, major: int, superuser: bool) -> str:
    """Return `sql/NAME.sql` without the lines that are for other servers or roles."""
    return "\n".join(
        line for line in body(name).splitlines() if _applies(line, major, superuser)
    )


def _applies(line: str, major: int, superuser: bool) -> bool:
    condition = _CONDITION.search(line)
    if condition is None:
        return True
    word, version = condition.groups()
    if word is None:
        return superuser
    return major >= int(version) if word == "since" else major <= int(version)
