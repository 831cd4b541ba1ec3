"""The rows of a database as digests, and what a rollback took of them.

A digest does not depend on the order of rows or columns: for each table the number of
rows, the sum of the hashes of whole rows, and that of each column. Two equal digests
are two equal contents (64-bit hashes); where they differ, `explain` reads both
databases and says which rows. It knows catalogs and migrations by no more than names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from psycopg import Connection, sql

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


@dataclass(frozen=True)
class TableDigest:
    """`rows` counted; `whole` over rows, `columns` over each column's values."""

    rows: int
    whole: int
    columns: Mapping[str, int]


@dataclass(frozen=True)
class Contents:
    """Tables and materialized views by `schema.name` (quoted where SQL needs it), and
    sequences with (last value, whether it was handed out)."""

    tables: Mapping[str, TableDigest]
    sequences: Mapping[str, tuple[int, bool]]


@dataclass(frozen=True)
class Row:
    """A row by its key's text (or by all its text, where it has no key)."""

    key: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableChange:
    """Rows of one table that are gone, have come, or have other values (with columns).

    `columns` are those that both sides have; a table that one side lacks altogether is
    the catalog's matter.
    """

    table: str
    gone: tuple[Row, ...]
    come: tuple[Row, ...]
    changed: tuple[Row, ...]


@dataclass(frozen=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def digest(connection: Connection) -> Contents:
    """Digest every table and sequence of a database; two round trips, reads only."""
    with connection.transaction(force_rollback=True):
        _fix_settings(connection)
        tables, sequences = _relations(connection)
        parts = [_digest_query(table) for table in tables.values()]
        parts += [_position_query(name) for name in sequences]
        rows = _all(connection, parts)
    found: dict[str, TableDigest] = {}
    positions: dict[str, tuple[int, bool]] = {}
    for name, count, whole, columns in rows:
        if whole is None:
            positions[name] = (int(count), bool(columns[0]))
            continue
        names = tables[name].columns
        sums = dict(zip(names, map(int, columns), strict=True))
        found[name] = TableDigest(int(count), int(whole), sums)
    return Contents(found, positions)


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


def explain(
    before: Connection, after: Connection, tables: Sequence[str]
) -> tuple[TableChange, ...]:
    """Which rows of these tables differ between two databases.

    Rows are matched by primary key where both sides have the same, else by their whole
    text over the columns that both have.
    """
    return tuple(_explain(before, after, name) for name in tables)


def keys_where(
    connection: Connection, name: str, condition: str | None, columns: Iterable[str]
) -> frozenset[str]:
    """The keys (as in `Row.key`) of the rows that satisfy an SQL condition.

    `columns` are those that the whole text of a row is made of where it has no key.
    """
    with connection.transaction(force_rollback=True):
        path = connection.execute("show search_path").fetchone()
        _fix_settings(connection)
        tables, _ = _relations(connection)
        table = tables.get(name)
        if table is None:
            return frozenset()
        key = _key_text(table, table.key, tuple(columns))
        if path is not None:  # the condition is the project's SQL and may name anything
            connection.execute("select set_config('search_path', %s, true)", [path[0]])
        query = f"select {key.as_string(connection)} from {name} as t"
        query += f" where {condition}" if condition else ""
        return frozenset(str(row[0]) for row in connection.execute(query.encode()))


def _equal(old: TableDigest, new: TableDigest) -> bool:
    if old.columns.keys() == new.columns.keys():
        return old == new
    shared = old.columns.keys() & new.columns.keys()
    return old.rows == new.rows and all(
        old.columns[name] == new.columns[name] for name in shared
    )


def _explain(before: Connection, after: Connection, name: str) -> TableChange:
    old, new = _table(before, name), _table(after, name)
    shared = tuple(sorted(set(old.columns) & set(new.columns)))
    key = old.key if old.key == new.key and set(old.key) <= set(shared) else ()
    was, now = _rows(before, old, key, shared), _rows(after, new, key, shared)
    if not key:
        counted_was, counted_now = Counter(was), Counter(now)
        gone = [Row(text) for text, _ in (counted_was - counted_now).elements()]
        come = [Row(text) for text, _ in (counted_now - counted_was).elements()]
        return TableChange(name, tuple(gone), tuple(come), ())
    left, right = dict(was), dict(now)
    changed = []
    for text, values in left.items():
        if text in right and right[text] != values:
            other = right[text]
            where = tuple(
                column
                for column, a, b in zip(shared, values, other, strict=True)
                if a != b
            )
            changed.append(Row(text, where))
    return TableChange(
        name,
        gone=tuple(Row(text) for text in left if text not in right),
        come=tuple(Row(text) for text in right if text not in left),
        changed=tuple(changed),
    )


def _rows(
    connection: Connection, table: _Table, key: tuple[str, ...], shared: tuple[str, ...]
) -> list[tuple[str, tuple[str | None, ...]]]:
    values = sql.SQL(", ").join(
        sql.SQL("t.{}::text").format(sql.Identifier(column)) for column in shared
    )
    query = sql.SQL("select {}, array[{}]::text[] from {} as t").format(
        _key_text(table, key, shared), values, _name(table.name)
    )
    with connection.transaction(force_rollback=True):
        _fix_settings(connection)
        found = connection.execute(query).fetchall()
    return [(str(text), tuple(values) if key else ()) for text, values in found]


def _key_text(
    table: _Table, key: tuple[str, ...], shared: tuple[str, ...]
) -> sql.Composable:
    columns = key or tuple(sorted(set(shared) & set(table.columns)))
    parts = [
        sql.SQL("{} || coalesce(t.{}::text, 'null')").format(
            sql.Literal(f"{column}="), sql.Identifier(column)
        )
        for column in columns
    ]
    return sql.SQL("concat_ws(', ', {})").format(sql.SQL(", ").join(parts))


@lru_cache(maxsize=4096)
def _digest_query(table: _Table) -> str:
    """The query of one table; from one digest to the next most are the same."""
    columns = [sql.SQL("t.{}").format(sql.Identifier(c)) for c in table.columns]
    sums = [
        sql.SQL("coalesce(sum(hashtextextended({}::text, 1)::numeric), 0)").format(c)
        for c in columns
    ]
    return (
        sql.SQL(
            "select {} as name, count(*)::numeric as rows,"
            " coalesce(sum(hashtextextended(row({})::text, 0)::numeric), 0) as whole,"
            " array[{}]::numeric[] as columns from {} as t"
        )
        .format(
            sql.Literal(table.name),
            sql.SQL(", ").join(columns),
            sql.SQL(", ").join(sums),
            _name(table.name),
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
        .format(sql.Literal(name), _name(name))
        .as_string(None)
    )


def _all(connection: Connection, parts: list[str]) -> list[Any]:
    """The parts in one round trip each hundred: a statement has its limits."""
    rows: list[Any] = []
    for start in range(0, len(parts), 100):
        query = " union all ".join(parts[start : start + 100])
        rows += connection.execute(query.encode()).fetchall()
    return rows


def _relations(connection: Connection) -> tuple[dict[str, _Table], tuple[str, ...]]:
    query = files("trunkline").joinpath("contents.sql").read_bytes()
    tables: dict[str, _Table] = {}
    sequences: list[str] = []
    for kind, name, columns, key in connection.execute(query):
        if kind == "S":
            sequences.append(name)
        else:
            tables[name] = _Table(name, tuple(columns), tuple(key))
    return tables, tuple(sequences)


def _table(connection: Connection, name: str) -> _Table:
    with connection.transaction(force_rollback=True):
        _fix_settings(connection)
        return _relations(connection)[0][name]


def _fix_settings(connection: Connection) -> None:
    pairs = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(name), sql.Literal(value))
        for name, value in _SETTINGS.items()
    )
    connection.execute(
        sql.SQL(
            "select set_config(name, value, true) from (values {}) as setting (name,"
            " value)"
        ).format(pairs)
    )


def _name(quoted: str) -> sql.SQL:
    """A name that the server itself has quoted (format('%I.%I') in contents.sql)."""
    return sql.SQL(quoted)
