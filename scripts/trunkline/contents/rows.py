"""Which rows differ, read from both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from psycopg import Connection, sql

from trunkline.contents.relations import (
    Relation,
    fixed_settings,
    relations,
    rows_of,
    settings_query,
)


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
        connection.execute(settings_query())
        table = relations(connection).get(name)
        if table is None:
            return frozenset()
        key = _key_text(table, table.key, tuple(columns))
        if path is not None:  # the condition is the project's SQL and may name anything
            connection.execute("select set_config('search_path', %s, true)", [path[0]])
        rows = rows_of(name).as_string(connection)
        query = f"select {key.as_string(connection)} from {rows} as t"
        query += f" where {condition}" if condition else ""
        return frozenset(str(row[0]) for row in connection.execute(query.encode()))


def _explain(before: Connection, after: Connection, name: str) -> TableChange:
    old, new = _table(before, name), _table(after, name)
    lossy = old.lossy | new.lossy  # one of both may have a cast that the other has not
    old, new = replace(old, lossy=lossy), replace(new, lossy=lossy)
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
    connection: Connection,
    table: Relation,
    key: tuple[str, ...],
    shared: tuple[str, ...],
) -> list[tuple[str, tuple[str | None, ...]]]:
    values = sql.SQL(", ").join(map(table.text, shared))
    query = sql.SQL("select {}, array[{}]::text[] from {} as t").format(
        _key_text(table, key, shared), values, rows_of(table.name)
    )
    with fixed_settings(connection):
        found = connection.execute(query).fetchall()
    return [(str(text), tuple(values) if key else ()) for text, values in found]


def _key_text(
    table: Relation, key: tuple[str, ...], shared: tuple[str, ...]
) -> sql.Composable:
    """The text by which a row goes: no two that differ have the same."""
    columns = key or tuple(sorted(set(shared) & set(table.columns)))
    parts = [
        sql.SQL(
            "{name} || case when {value} is null then 'null'"
            " when {value} = 'null' or {value} ~ '[,='']' then quote_literal({value})"
            " else {value} end"
        ).format(
            name=sql.Literal(f"{column}="),
            value=table.text(column),
        )
        for column in columns
    ]
    return sql.SQL("array_to_string(array[{}]::text[], ', ')").format(
        sql.SQL(", ").join(parts)
    )


def _table(connection: Connection, name: str) -> Relation:
    with fixed_settings(connection):
        return relations(connection)[name]
