"""Digests of all rows, and where two contents differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from psycopg import Connection, sql

from trunkline.contents.relations import (
    relations,
    rows_of,
    settings_query,
    sql_name,
    text_of,
    transaction,
)


@dataclass(frozen=True)
class TableDigest:
    """`rows` counted; `whole` over rows, `columns` over each column's values.

    `oid` is the table's, which another table of the same contents need not have, and
    `plain` as in relations.sql.
    """

    rows: int
    whole: int
    columns: Mapping[str, int]
    oid: int = field(compare=False)
    plain: bool = field(compare=False)


@dataclass(frozen=True)
class Position:
    """Where a sequence stands: its last value, and whether that was handed out."""

    value: int
    called: bool
    oid: int = field(compare=False)


@dataclass(frozen=True)
class Contents:
    """Tables, materialized views and sequences by `schema.name` (quoted where SQL needs
    it)."""

    tables: Mapping[str, TableDigest]
    sequences: Mapping[str, Position]

    def without(self, touched: frozenset[int]) -> dict[str, TableDigest | Position]:
        """What has stayed as it is where only these OIDs were touched, by name."""
        settled: dict[str, TableDigest | Position] = {
            name: table for name, table in self.tables.items() if table.plain
        }
        settled |= self.sequences
        return {n: found for n, found in settled.items() if found.oid not in touched}


def digest(connection: Connection) -> Contents:
    """Digest every table and sequence of a database; two round trips, reads only."""
    with connection.pipeline(), transaction(connection):
        return read(connection, {})


def read(
    connection: Connection, untouched: Mapping[str, TableDigest | Position]
) -> Contents:
    """The same within a transaction that only reads; its settings are others then.

    What is `untouched` (see `Contents.without`) is not read again; its name may be
    another now.
    """
    connection.execute(settings_query())
    named = {found.oid: name for name, found in untouched.items()}
    found_now = relations(connection, named)
    renamed = {
        relation.name: named[relation.oid]
        for relation in found_now.values()
        if relation.oid in named
    }
    known = dict(untouched)
    known |= {new: known.pop(old) for new, old in renamed.items()}
    parts = []
    for relation in found_now.values():
        if relation.oid in named:
            continue
        if relation.empty:
            nothing = dict.fromkeys(relation.columns, 0)
            known[relation.name] = TableDigest(
                0, 0, nothing, relation.oid, relation.plain
            )
        elif relation.kind == "S":
            parts.append(_position_query(relation.name))
        else:
            parts.append(_digest_query(relation.name, relation.columns, relation.lossy))
    for name, count, whole, columns in _all(connection, parts):
        relation = found_now[name]
        if relation.kind == "S":
            known[name] = Position(int(count), bool(columns[0]), relation.oid)
        else:
            sums = dict(zip(relation.columns, map(int, columns), strict=True))
            known[name] = TableDigest(
                int(count), int(whole), sums, relation.oid, relation.plain
            )
    return Contents(
        {n: found for n, found in known.items() if isinstance(found, TableDigest)},
        {n: found for n, found in known.items() if isinstance(found, Position)},
    )


def differing(before: Contents, after: Contents) -> tuple[str, ...]:
    """The tables that both have, and whose contents differ in what both have."""
    return tuple(
        name
        for name, old in before.tables.items()
        if (new := after.tables.get(name)) is not None and not _equal(old, new)
    )


def moved(before: Contents, after: Contents) -> tuple[str, ...]:
    """The sequences that both have and that stand elsewhere."""
    return tuple(
        name
        for name, position in before.sequences.items()
        if name in after.sequences and after.sequences[name] != position
    )


def _equal(old: TableDigest, new: TableDigest) -> bool:
    if old.columns.keys() == new.columns.keys():
        return old == new
    shared = old.columns.keys() & new.columns.keys()
    return old.rows == new.rows and all(
        old.columns[name] == new.columns[name] for name in shared
    )


@lru_cache(maxsize=4096)
def _digest_query(name: str, columns: tuple[str, ...], lossy: frozenset[str]) -> str:
    """The query of one table; from one digest to the next most are the same."""
    values = [sql.SQL("t.{}").format(sql.Identifier(c)) for c in columns]
    sums = [
        sql.SQL("coalesce(sum(hashtextextended({}, 1)::numeric), 0)").format(text)
        for text in (text_of(column, lossy) for column in columns)
    ]
    return (
        sql.SQL(
            "select {} as name, count(*)::numeric as rows,"
            " coalesce(sum(hashtextextended(row({})::text, 0)::numeric), 0) as whole,"
            " array[{}]::numeric[] as columns from {} as t"
        )
        .format(
            sql.Literal(name),
            sql.SQL(", ").join(values),
            sql.SQL(", ").join(sums),
            rows_of(name),
        )
        .as_string(None)
    )


@lru_cache(maxsize=4096)
def _position_query(name: str) -> str:
    return (
        sql.SQL(
            "select {}, last_value::numeric, null::numeric,"
            " array[is_called::int]::numeric[] from {}"
        )
        .format(sql.Literal(name), sql_name(name))
        .as_string(None)
    )


def _all(connection: Connection, parts: list[str]) -> list[Any]:
    """The parts in one round trip each hundred: a statement has its limits."""
    rows: list[Any] = []
    for start in range(0, len(parts), 100):
        query = " union all ".join(parts[start : start + 100])
        rows += connection.execute(query.encode(), prepare=False).fetchall()
    return rows
