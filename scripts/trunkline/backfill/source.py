"""Read source rows by key range: the SELECTs that a `Source` stands for.

Keys travel as text, so that the bookkeeping can hold keys of any type; they are
compared as what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, ProgrammingError, sql
from psycopg.rows import dict_row

from trunkline.backfill.definition import Key, Row, Source, Updates
from trunkline.errors import UsageError


@dataclass(frozen=True)
class Read:
    """A source row; `before` is, as text, what the columns hold that are to be set."""

    key: Key
    before: list[str | None] | None
    row: Row


class SourceReader:
    """The SELECTs of one source, on connections that the caller owns."""

    def __init__(
        self, connection: Connection, source: Source, updates: Updates | None
    ) -> None:
        """Learn the types of the key. Raises UsageError when there is no such source,
        or when it is to be updated and does not lock what it reads.
        """
        if updates is not None and not source.lock:
            raise UsageError(
                "a source whose rows are updated must lock them",
                hint=f"Give it lock='for no key update of {updates.row}'.",
            )
        self._tables = _text(source.tables)
        self._where = _text(source.where)
        self._lock = _text(source.lock)
        self._order = _text(", ".join(source.key))
        self._row_key = _text(f"({', '.join(source.key)})")
        self._text_key = _text(
            f"array[{', '.join(f'({part})::text' for part in source.key)}]"
        )
        self._columns = sql.SQL(
            "{} as trunkline_key, {} as trunkline_before, {}"
        ).format(self._text_key, _before(updates), _text(source.columns))
        self._given_key = sql.SQL("({})").format(
            sql.SQL(", ").join(
                sql.SQL("%s::{}").format(_text(name))
                for name in self._key_types(connection)
            )
        )

    def estimate(self, connection: Connection) -> int:
        """The planner's guess of how many rows there are."""
        query = sql.SQL("explain (format json) select from {} where {}").format(
            self._tables, self._where
        )
        row = connection.execute(query, []).fetchone()
        return int(row[0][0]["Plan"]["Plan Rows"]) if row else 0

    def read(
        self,
        connection: Connection,
        *,
        after: Key | None,
        upto: Key | None = None,
        most: int,
    ) -> list[Read]:
        """The next rows behind `after`, up to and with `upto`, in the order of the key.

        They are locked as the source says.
        """
        query, bounds = self._select(self._columns, after, upto)
        query += sql.SQL(" limit {} ").format(most) + self._lock
        with connection.cursor(row_factory=dict_row) as cursor:
            # Not prepared: a plan for any limit and any key may read far too much.
            return list(_reads(cursor.execute(query, bounds, prepare=False)))

    def cut(self, connection: Connection, after: Key | None, rows: int) -> Key | None:
        """The key of the row that is `rows` behind `after`, or of the last row.

        None when there is no row behind `after`.
        """
        query, bounds = self._select(
            sql.SQL("{} as key").format(self._text_key), after, None
        )
        key = connection.execute(
            query + sql.SQL(" offset {} limit 1").format(rows - 1), bounds
        ).fetchone()
        if key is None:
            # Fewer rows than that are left, so all their keys can be read.
            keys = connection.execute(query, bounds).fetchall()
            key = keys[-1] if keys else None
        return None if key is None else tuple(key[0])

    def _select(
        self, columns: sql.Composable, after: Key | None, upto: Key | None
    ) -> tuple[sql.Composed, list[str]]:
        query = sql.SQL("select {} from {} where ({})").format(
            columns, self._tables, self._where
        )
        bounds: list[str] = []
        for key, comparison in ((after, " and {} > {}"), (upto, " and {} <= {}")):
            if key is not None:
                query += sql.SQL(comparison).format(self._row_key, self._given_key)
                bounds += key
        return query + sql.SQL(" order by {}").format(self._order), bounds

    def _key_types(self, connection: Connection) -> list[str]:
        query = sql.SQL("select {} from {} where {} limit 0").format(
            self._order, self._tables, self._where
        )
        try:
            described = connection.execute(query, []).description or []
        except ProgrammingError as error:
            raise UsageError(
                "the source of the backfill cannot be read",
                detail=error.diag.message_primary,
            ) from None
        oids = [column.type_code for column in described]
        rows = connection.execute(
            "select pg_catalog.format_type(oid, null)"
            " from unnest(%s::oid[]) with ordinality as t (oid, place) order by place",
            [oids],
        )
        return [name for (name,) in rows]


def _reads(rows: Any) -> Iterator[Read]:
    for row in rows:
        yield Read(tuple(row.pop("trunkline_key")), row.pop("trunkline_before"), row)


def _before(updates: Updates | None) -> sql.Composable:
    if updates is None:
        return sql.SQL("null::text[]")
    # As text, which every type reads back to the letter; JSON would know one null only.
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(updates.row, column))
        for column in updates.columns
    )
    return sql.SQL("array[{}]").format(columns)


def _text(part: str) -> sql.SQL:
    """SQL that the author of a backfill wrote; it has no parameters of its own."""
    return sql.SQL(part.replace("%", "%%"))
