"""The rows of a database as digests, and what a rollback took of them.

A digest does not depend on the order of rows or columns: for each table the number of
rows, the sum of the hashes of whole rows, and that of each column. Two equal digests
are two equal contents (64-bit hashes); where they differ, `explain` reads both
databases and says which rows. It knows catalogs and migrations by no more than names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

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


Versions = Mapping[int, int | None]
"""A hash of what changes with a relation's rows or columns, by OID; None: nothing
tells."""


@dataclass(frozen=True)
class TableDigest:
    """`rows` counted; `whole` over rows, `columns` over each column's values.

    `oid` is the table's, which another table of the same contents need not have, and
    `plain` as in contents.sql.
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
class _Relation:
    kind: str
    oid: int
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    lossy: frozenset[str]
    plain: bool
    empty: bool

    def text(self, column: str) -> sql.Composed:
        return _text(column, self.lossy)


def digest(connection: Connection) -> Contents:
    """Digest every table and sequence of a database; two round trips, reads only."""
    with connection.pipeline(), _transaction(connection):
        return read(connection, {})


def read(
    connection: Connection, untouched: Mapping[str, TableDigest | Position]
) -> Contents:
    """The same within a transaction that only reads; its settings are others then.

    What is `untouched` (see `Contents.without`) is not read again; its name may be
    another now.
    """
    connection.execute(_settings_query())
    relations = _relations(connection, untouched)
    named = {found.oid: name for name, found in untouched.items()}
    renamed = {
        relation.name: named[relation.oid]
        for relation in relations.values()
        if relation.oid in named
    }
    known = dict(untouched)
    known |= {new: known.pop(old) for new, old in renamed.items()}
    parts = []
    for relation in relations.values():
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
        relation = relations[name]
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


def touched(connection: Connection, first: str) -> frozenset[int]:
    """The OIDs of all relations to which the transaction at hand can have written,
    asked in one message behind `first`.

    Who writes to a table has it locked until the end of the transaction (the manual,
    "Table-Level Locks"); a lock that went with a savepoint went with what was written,
    and that of a sequence stays (src/backend/commands/sequence.c). Triggers that wait
    for the commit are fired now: they may write as well.
    """
    cursor = connection.execute(
        f"{first} set constraints all immediate;"
        " select array(select relation::int8 from pg_catalog.pg_locks"
        " where pid = pg_backend_pid() and granted and locktype = 'relation'"
        " and mode not in ('AccessShareLock', 'RowShareLock'))".encode()
    )
    while cursor.nextset():
        pass
    [(oids,)] = cursor.fetchall()
    return frozenset(oids)


def versions(connection: Connection) -> Versions:
    """The versions of all relations as they are now."""
    rows = connection.execute(
        "select c.oid, case when c.relkind <> 'S'"
        " and current_setting('track_counts')::boolean then hash_array_extended("
        "array[c.xmin::text, c.relfilenode::text,"
        " pg_stat_get_tuples_inserted(c.oid)::text,"
        " pg_stat_get_tuples_updated(c.oid)::text,"
        " pg_stat_get_tuples_deleted(c.oid)::text] || array("
        "select a.xmin::text from pg_catalog.pg_attribute as a"
        " where a.attrelid = c.oid order by a.attnum), 0) end"
        " from pg_catalog.pg_class as c"
        " where c.oid >= 16384 and c.relkind in ('r', 'm', 'S')"
    ).fetchall()
    return dict(rows)


def touched_since(before: Versions, connection: Connection) -> frozenset[int]:
    """The OIDs of all relations to which somebody can have written since then.

    Who has written must have had the server's counters updated.
    """
    now = versions(connection)
    return frozenset(
        oid
        for oid in before.keys() | now.keys()
        if before.get(oid) is None or before[oid] != now.get(oid)
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
        connection.execute(_settings_query())
        table = _relations(connection).get(name)
        if table is None:
            return frozenset()
        key = _key_text(table, table.key, tuple(columns))
        if path is not None:  # the condition is the project's SQL and may name anything
            connection.execute("select set_config('search_path', %s, true)", [path[0]])
        rows = _rows_of(name).as_string(connection)
        query = f"select {key.as_string(connection)} from {rows} as t"
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
    table: _Relation,
    key: tuple[str, ...],
    shared: tuple[str, ...],
) -> list[tuple[str, tuple[str | None, ...]]]:
    values = sql.SQL(", ").join(map(table.text, shared))
    query = sql.SQL("select {}, array[{}]::text[] from {} as t").format(
        _key_text(table, key, shared), values, _rows_of(table.name)
    )
    with _fixed_settings(connection):
        found = connection.execute(query).fetchall()
    return [(str(text), tuple(values) if key else ()) for text, values in found]


def _key_text(
    table: _Relation, key: tuple[str, ...], shared: tuple[str, ...]
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


def _text(column: str, lossy: frozenset[str]) -> sql.Composed:
    """A value in the table `t` as text: no two that differ have the same.

    Within a row it is written by its type's output function, not by a cast, which may
    be of somebody's own.
    """
    form = sql.SQL("row(t.{})::text" if column in lossy else "t.{}::text")
    return form.format(sql.Identifier(column))


@lru_cache(maxsize=4096)
def _digest_query(name: str, columns: tuple[str, ...], lossy: frozenset[str]) -> str:
    """The query of one table; from one digest to the next most are the same."""
    values = [sql.SQL("t.{}").format(sql.Identifier(c)) for c in columns]
    sums = [
        sql.SQL("coalesce(sum(hashtextextended({}, 1)::numeric), 0)").format(text)
        for text in (_text(column, lossy) for column in columns)
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
            _rows_of(name),
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
        rows += connection.execute(query.encode(), prepare=False).fetchall()
    return rows


def _relations(
    connection: Connection, untouched: Mapping[str, TableDigest | Position] = {}
) -> dict[str, _Relation]:
    """By name, without those that are untouched and still called so."""
    carried = Json({found.oid: name for name, found in untouched.items()})
    cursor = connection.execute(_relations_query(), {"carried": carried})
    found = (
        _Relation(kind, oid, name, tuple(names), tuple(key), frozenset(lossy), *flags)
        for kind, oid, name, names, key, lossy, *flags in cursor.fetchall()
    )
    return {relation.name: relation for relation in found}


@cache
def _relations_query() -> bytes:
    return files("trunkline").joinpath("contents.sql").read_bytes()


def _table(connection: Connection, name: str) -> _Relation:
    with _fixed_settings(connection):
        return _relations(connection)[name]


@contextmanager
def _fixed_settings(connection: Connection) -> Iterator[None]:
    """A transaction that only reads, in which a value always has the same text."""
    with _transaction(connection):
        connection.execute(_settings_query())
        yield


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    """A transaction that is rolled back only where it is part of another: psycopg
    forgets with every rollback what it has prepared."""
    idle = connection.info.transaction_status == pq.TransactionStatus.IDLE
    with connection.transaction(force_rollback=not idle):
        yield


@cache
def _settings_query() -> bytes:
    pairs = ", ".join(f"('{name}', '{value}')" for name, value in _SETTINGS.items())
    return (
        "select set_config(name, value, true)"
        f" from (values {pairs}) as setting (name, value)"
    ).encode()


def _rows_of(table: str) -> sql.SQL:
    """What a table's rows are read from."""
    if table == _LARGE_OBJECTS:
        return sql.SQL(_WHAT_IS_SAID_OF_THEM)
    return _name(table)


def _name(quoted: str) -> sql.SQL:
    """A name that the server itself has quoted (format('%I.%I') in contents.sql)."""
    return sql.SQL(quoted)
