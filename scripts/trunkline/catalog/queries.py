"""The SQL of the snapshot, one file per kind of object, fitted to a server version.

A line that ends in `-- since 18` (or `-- until 16`) is there only on such servers, so
each file stays plain SQL that can be pasted into psql.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

# Relations first, then what is part of one: the reader resolves parents as it goes.
OBJECTS = (
    "schema",
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
)

PREPARE = """
select
    set_config('search_path', 'pg_catalog, pg_temp', true),
    set_config('timezone', 'UTC', true),
    set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true),
    set_config('extra_float_digits', '1', true),
    set_config('bytea_output', 'hex', true),
    set_config('quote_all_identifiers', 'off', true),
    set_config('jit', 'off', true)
"""

_CONDITION = re.compile(r"-- (since|until) (\d+)\s*$")


@cache
def query(name: str, major: int) -> str:
    """Return `sql/NAME.sql` without the lines that are for other server versions."""
    text = (resources.files(__package__) / "sql" / f"{name}.sql").read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if _applies(line, major))


def _applies(line: str, major: int) -> bool:
    condition = _CONDITION.search(line)
    if condition is None:
        return True
    word, version = condition[1], int(condition[2])
    return major >= version if word == "since" else major <= version
