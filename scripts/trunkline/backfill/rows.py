"""One batch of rows: have them migrated, and keep what undo will need.

A row that the server refuses costs itself only: the batch is taken back to a savepoint
and tried in halves, until the refused row stands alone.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg
from psycopg import Connection, Cursor, errors, sql

from trunkline.backfill.book import Run
from trunkline.backfill.definition import Backfill, Failed, Migrated, Outcome
from trunkline.backfill.source import Read
from trunkline.errors import Failure, TrunklineError

#: SQLSTATE classes in which the fault is in the data: cardinality violation, data
#: exception, integrity constraint violation, check option, and what functions raise.
DATA_CLASSES = frozenset({"21", "22", "23", "44", "P0"})
#: Those whose message may quote the data itself, which may be a secret.
QUOTING_CLASSES = frozenset({"21", "22"})

Item = TypeVar("Item")
Result = TypeVar("Result")


def migrate(
    connection: Connection, backfill: Backfill, reads: Sequence[Read]
) -> list[Outcome]:
    """One outcome for each row, in their order; what is refused comes out as Failed.

    Raises Failure when the backfill does not answer for every row, or raises something
    itself, and what the server raises for a fault that is not the data's.
    """

    def answered(part: Sequence[Read]) -> Sequence[Outcome]:
        try:
            outcomes = backfill.migrate(connection, [read.row for read in part])
        except (TrunklineError, psycopg.Error):
            raise
        except Exception as error:
            raise fault(backfill.name, error) from None
        if len(outcomes) != len(part):
            raise Failure(
                f"{backfill.name} answered for {len(outcomes)} of {len(part)} rows"
            )
        return outcomes

    return in_halves(connection, reads, answered, refusal)


def fault(name: str, error: Exception) -> Failure:
    """What a backfill raised, as it may be shown.

    The frames say where; the message stays here, since it may quote a row.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    return Failure(f"{name} raised {type(error).__name__}", detail=frames)


def in_halves(
    connection: Connection,
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Sequence[Result]],
    refused: Callable[[psycopg.Error], Result],
) -> list[Result]:
    """Do `work` on all items or, where their data are refused, on halves of them.

    In the open transaction. Deferred constraints are checked with the items that
    broke them, and not at a commit that would not say which they were.
    """
    connection.execute("savepoint part; set constraints all deferred")
    try:
        results = list(work(items))
        connection.execute("set constraints all immediate; release savepoint part")
    except psycopg.Error as error:
        if not is_of_the_data(error):
            raise
        connection.execute("rollback to savepoint part; release savepoint part")
        if len(items) == 1:
            return [refused(error)]
    else:
        return results
    half = len(items) // 2
    return [
        *in_halves(connection, items[:half], work, refused),
        *in_halves(connection, items[half:], work, refused),
    ]


def is_of_the_data(error: psycopg.Error) -> bool:
    """Whether the server refused the data; a code that is not PostgreSQL's is of a
    rule of the application, raised by a trigger or a function. What no server could
    take, as a text with a null character, has no code and does not get there.
    """
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    if error.sqlstate[:2] in DATA_CLASSES:
        return True
    try:
        errors.lookup(error.sqlstate)
    except KeyError:
        return True
    return False


def refusal(error: psycopg.Error) -> Failed:
    """The outcome of a row that the server refused: no value of the row is in it."""
    state = error.sqlstate or ""
    detail = "" if state[:2] in QUOTING_CLASSES else error.diag.message_primary
    return Failed(condition(error), detail or "")


def condition(error: psycopg.Error) -> str:
    """The name of PostgreSQL's error condition, or the application's own code.

    The names are in the manual's Appendix A; psycopg's classes are called after them.
    """
    state = error.sqlstate
    try:
        name = (errors.lookup(state) if state else type(error)).__name__
    except KeyError:
        return str(state)
    return re.sub("(?<!^)(?=[A-Z])", "_", name).lower()


class Journal:
    """Keeps the keys of the rows that a run writes, and how the batch left them."""

    def __init__(self, connection: Connection, run: Run) -> None:
        self._run = run
        keys = [sql.Identifier(f"key {n}") for n in range(len(run.written_key))]
        values = [sql.Identifier(f"value {n}") for n in range(len(run.restored))]
        before: sql.Composable = sql.SQL("null::text[]")
        if values:
            before = sql.SQL("array[{}]").format(sql.SQL(", ").join(values))
        self._insert = sql.SQL(
            "insert into trunkline.backfill_written (run_id, key, before, fingerprint)"
            " select %s, w.key, w.before, {} from {} as t"
            " join (select array[{}] as key, {} as before"
            " from unnest({}) as u ({})) as w on {}"
        ).format(
            fingerprint(run),
            written_table(run),
            sql.SQL(", ").join(keys),
            before,
            sql.SQL(", ").join([sql.SQL("%b::text[]")] * len(keys + values)),
            sql.SQL(", ").join(keys + values),
            same_key(connection, run),
        )

    def keep(
        self, connection: Connection, reads: Sequence[Read], outcomes: list[Outcome]
    ) -> Cursor | None:
        """Keep the migrated rows; `expect` is to see what came of it, if anything."""
        written = [
            [*map(str, outcome.key), *(read.before or ())]
            for read, outcome in zip(reads, outcomes, strict=True)
            if isinstance(outcome, Migrated)
        ]
        if not written:
            return None
        columns = [list(column) for column in zip(*written, strict=True)]
        return connection.execute(self._insert, [self._run.id, *columns])

    def expect(self, kept: Cursor | None, written: int) -> None:
        """Raise Failure where a row that has been written is not in the table."""
        if kept is not None and kept.rowcount != written:
            raise Failure(
                f"{self._run.name} says that it wrote {written} rows, and"
                f" {kept.rowcount} of them are in {self._run.written_table}"
            )


def written_table(run: Run) -> sql.Identifier:
    """The table that a run writes."""
    return sql.Identifier(*run.written_table.split("."))


def fingerprint(run: Run) -> sql.Composed:
    """The hash of the compared columns of a row `t`.

    Of their text, since some types have no hash; the session's settings for text are
    made by `session`.
    """
    columns = sql.SQL(", ").join(sql.Identifier("t", name) for name in run.compared)
    return sql.SQL('hashtextextended(row({})::text collate "C", 0)').format(columns)


def column_types(
    connection: Connection, run: Run, columns: Sequence[str]
) -> list[sql.SQL]:
    """The types of these columns of the written table, as a cast names them."""
    rows = connection.execute(
        "select pg_catalog.format_type(a.atttypid, a.atttypmod)"
        " from unnest(%s::text[]) with ordinality as k (name, place)"
        " join pg_catalog.pg_attribute as a on a.attname = k.name"
        " where a.attrelid = to_regclass(%s) order by k.place",
        [list(columns), run.written_table],
    )
    return [sql.SQL(name) for (name,) in rows]


def same_key(connection: Connection, run: Run) -> sql.Composed:
    """The condition that row `t` of the written table is the one that `w` names."""
    types = column_types(connection, run, run.written_key)
    return sql.SQL(" and ").join(
        sql.SQL("{} = w.key[{}]::{}").format(sql.Identifier("t", column), place, kind)
        for place, (column, kind) in enumerate(
            zip(run.written_key, types, strict=True), start=1
        )
    )
