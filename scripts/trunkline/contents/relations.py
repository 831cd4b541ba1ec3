"""The tables and sequences of a database, and how their values are written as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from psycopg import Connection, pq, sql
from psycopg.types.json import Json

#: What the text of a value depends on, fixed so that two sessions write the same.
_SETTINGS = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "iso_8601",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "xmloption": "content",
    "row_security": "off",
    "search_path": "pg_catalog",
}

#: What is said of a large object stands in another catalog as well, and its grants say
#: the same in any order, and where they are its owner's alone.
_LARGE_OBJECTS = "pg_catalog.pg_largeobject_metadata"
_WHAT_IS_SAID_OF_THEM = """(
    select
        m.oid,
        m.lomowner::regrole::text as lomowner,
        array(
            select item::text
            from unnest(coalesce(m.lomacl, acldefault('L', m.lomowner))) as item
            order by 1
        ) as lomacl,
        obj_description(m.oid, 'pg_largeobject') as comment
    from pg_catalog.pg_largeobject_metadata as m
)"""


@dataclass(frozen=True)
class Relation:
    """A table, materialized view or sequence, as relations.sql tells of it.

    `lossy` are the columns of which a cast to text may not tell all.
    """

    kind: str
    oid: int
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    lossy: frozenset[str]
    plain: bool
    empty: bool

    def text(self, column: str) -> sql.Composed:
        """A value of the table, called `t`, as text."""
        return text_of(column, self.lossy)


def relations(
    connection: Connection, carried: Mapping[int, str] = {}
) -> dict[str, Relation]:
    """By name, without those of these OIDs that are still called so.

    In a transaction with the settings of `settings_query`.
    """
    cursor = connection.execute(_relations_query(), {"carried": Json(carried)})
    found = (
        Relation(kind, oid, name, tuple(names), tuple(key), frozenset(lossy), *flags)
        for kind, oid, name, names, key, lossy, *flags in cursor.fetchall()
    )
    return {relation.name: relation for relation in found}


@cache
def _relations_query() -> bytes:
    return files("trunkline.contents").joinpath("relations.sql").read_bytes()


def text_of(column: str, lossy: frozenset[str]) -> sql.Composed:
    """A value in the table `t` as text: no two that differ have the same.

    Within a row it is written by its type's output function, not by a cast, which may
    be of somebody's own.
    """
    form = sql.SQL("row(t.{})::text" if column in lossy else "t.{}::text")
    return form.format(sql.Identifier(column))


def rows_of(table: str) -> sql.SQL:
    """What a table's rows are read from."""
    if table == _LARGE_OBJECTS:
        return sql.SQL(_WHAT_IS_SAID_OF_THEM)
    return sql_name(table)


def sql_name(quoted: str) -> sql.SQL:
    """A name that the server itself has quoted (format('%I.%I') in relations.sql)."""
    return sql.SQL(quoted)


@contextmanager
def fixed_settings(connection: Connection) -> Iterator[None]:
    """A transaction that only reads, in which a value always has the same text."""
    with transaction(connection):
        connection.execute(settings_query())
        yield


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """A transaction that is rolled back only where it is part of another: psycopg
    forgets with every rollback what it has prepared."""
    idle = connection.info.transaction_status == pq.TransactionStatus.IDLE
    with connection.transaction(force_rollback=not idle):
        yield


@cache
def settings_query() -> bytes:
    """What makes every value's text the same, until the transaction ends."""
    pairs = ", ".join(f"('{name}', '{value}')" for name, value in _SETTINGS.items())
    return (
        "select set_config(name, value, true)"
        f" from (values {pairs}) as setting (name, value)"
    ).encode()
