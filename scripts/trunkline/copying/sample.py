"""Some rows of every table, with all rows that they refer to, and those in turn.

Which rows is decided by where they lie, not by chance: the same database gives the same
sample. A foreign key is whole in the copy wherever it is in the source. The copy has
its tables already, and no constraint, index or trigger yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from psycopg import Connection, sql
from psycopg.rows import class_row

from trunkline.copying.survey import Table

#: A table up to so many bytes is read whole to choose from it; of a larger one, pages.
_READ_WHOLE = 64 << 20
_PAGE = 8192
_PAGES = 40
"""Of a large table, at least so many pages are read."""
_KEYS = 5000
"""So many keys are asked for at a time."""

Advance = Callable[[int], None]
"""Told how many bytes of rows have come."""


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key by the oids of its tables; `types` are of the parent's columns."""

    child: int
    parent: int
    child_columns: list[str]
    parent_columns: list[str]
    types: list[str]


@dataclass(frozen=True)
class Sampling:
    """From where to where; `source` is in a transaction that sees one state."""

    source: Connection
    copy: Connection
    tables: Sequence[Table]
    advance: Advance

    def take(self, table: Table, rows: int | None) -> int:
        """Copy up to `rows` rows of a table, all if None; returns how many."""
        limit = sql.SQL("") if rows is None else _some_rows(table, rows)
        query = sql.SQL("select {} from {} {}").format(
            _columns(table), _only(table), limit
        )
        return self._copy(table, query)

    def complete(self) -> None:
        """Copy the rows that copied rows refer to, until none is missing."""
        with self.source.cursor(row_factory=class_row(ForeignKey)) as cursor:
            text = files("trunkline.copying").joinpath("foreign_keys.sql").read_text()
            keys = list(cursor.execute(text.encode()))
        by_oid = {table.oid: table for table in self.tables}
        keys = [key for key in keys if {key.child, key.parent} <= by_oid.keys()]
        grown = {table.root for table in self.tables}
        while grown:
            changed, grown = grown, set()
            for key in keys:
                child, parent = by_oid[key.child], by_oid[key.parent]
                # A table that an earlier key of this round has added to counts too.
                if child.root in changed | grown and self._follow(key, child, parent):
                    grown.add(parent.root)

    def _follow(self, key: ForeignKey, child: Table, parent: Table) -> int:
        """Copy the parents that a key lacks; returns how many there were.

        None of them is there already, so no row comes twice. A key that is not valid in
        the source has none there either, and stays as it is.
        """
        missing = self._missing(key, child, parent)
        columns = [sql.Identifier("p", name) for name in parent.columns]
        places = [sql.Identifier(f"c{n}") for n in range(len(key.types))]
        fetch = sql.SQL(
            "select {columns} from {parent} as p where ({key}) in"
            " (select {cast} from unnest({values}) as k ({places}))"
        )
        found = 0
        for batch in _batches(missing):
            query = fetch.format(
                columns=sql.SQL(", ").join(columns),
                parent=_only(parent),
                key=_listed("p", key.parent_columns),
                cast=sql.SQL(", ").join(
                    sql.SQL("{}::{}").format(place, sql.SQL(type_))
                    for place, type_ in zip(places, key.types, strict=True)
                ),
                values=sql.SQL(", ").join(
                    sql.SQL("{}::text[]").format(sql.Literal(list(values)))
                    for values in zip(*batch, strict=True)
                ),
                places=sql.SQL(", ").join(places),
            )
            found += self._copy(parent, query)
        return found

    def _missing(
        self, key: ForeignKey, child: Table, parent: Table
    ) -> list[tuple[str, ...]]:
        """The keys, as text, to which copied children refer and no copied parent has.

        One with a null refers to nothing (match simple), or is all null (match full).
        """
        pairs = list(zip(key.child_columns, key.types, strict=True))
        cast = [
            sql.SQL("c.{}::{}").format(sql.Identifier(name), sql.SQL(type_))
            for name, type_ in pairs
        ]
        query = sql.SQL(
            "select distinct {texts} from {child} as c where ({own}) is not null"
            " and not exists (select from {parent} as p where ({key}) = ({cast}))"
        ).format(
            texts=sql.SQL(", ").join(sql.SQL("{}::text").format(c) for c in cast),
            child=_only(child),
            own=sql.SQL("row({})").format(_listed("c", key.child_columns)),
            parent=_only(parent),
            key=_listed("p", key.parent_columns),
            cast=sql.SQL(", ").join(cast),
        )
        return self.copy.execute(query).fetchall()

    def _copy(self, table: Table, query: sql.Composed) -> int:
        """Copy the rows of `query` from the source; returns how many there were."""
        if not table.columns:
            return 0
        out = sql.SQL("copy ({}) to stdout").format(query)
        into = sql.SQL("copy {} ({}) from stdin").format(_name(table), _columns(table))
        with self.source.cursor() as reading, self.copy.cursor() as writing:
            with reading.copy(out) as source, writing.copy(into) as target:
                for data in source:
                    target.write(data)
                    self.advance(len(data))
            return writing.rowcount


def shares(tables: Sequence[Table], rows: int) -> dict[int, int]:
    """How many rows of each table, by oid: a partitioned one's are spread evenly."""
    leaves: dict[int, int] = {}
    for table in tables:
        leaves[table.root] = leaves.get(table.root, 0) + (not table.partitioned)
    return {
        table.oid: -(-rows // leaves[table.root])
        for table in tables
        if not table.partitioned
    }


def _some_rows(table: Table, rows: int) -> sql.Composed:
    """The end of a query for up to `rows` rows, the same each time."""
    limit = sql.SQL("limit {}").format(sql.Literal(rows))
    if table.heap_bytes <= _READ_WHOLE:
        return sql.SQL("order by hashtid(ctid) {}").format(limit)
    wanted = 200 * rows / max(table.rows, 1)  # per cent, twice what is needed
    pages = 100 * _PAGES * _PAGE / table.heap_bytes
    per_cent = min(100.0, max(wanted, pages))
    return sql.SQL("tablesample system ({}) repeatable (0) {}").format(
        sql.Literal(per_cent), limit
    )


def _batches(
    keys: Sequence[tuple[str, ...]],
) -> Iterator[Sequence[tuple[str, ...]]]:
    for start in range(0, len(keys), _KEYS):
        yield keys[start : start + _KEYS]


def _columns(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, table.columns))


def _listed(alias: str, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(alias, name) for name in columns)


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name)


def _only(table: Table) -> sql.Composed:
    """The rows of a table itself; of a partitioned one, those of its partitions."""
    only = sql.SQL("" if table.partitioned else "only ")
    return sql.SQL("{}{}").format(only, _name(table))
