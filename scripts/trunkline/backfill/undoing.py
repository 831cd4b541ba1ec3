"""Undo a backfill: put back just the rows that it wrote and nobody has changed since.

What a run wrote is in the bookkeeping, and so is what undo needs to know of the table:
the code of the backfill is not asked, and may be gone. Rows that were changed since, or
that the server does not let go, stay as they are and are named. It can be killed and
run again at any time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import Connection, sql

from trunkline.backfill import book
from trunkline.backfill.book import Run, RunState
from trunkline.backfill.definition import Key
from trunkline.backfill.events import RowKept, UndoBatchDone
from trunkline.backfill.pace import DEFAULT, Pace, Throttle, fewer, next_size
from trunkline.backfill.rows import (
    column_types,
    fingerprint,
    in_halves,
    refusal,
    same_key,
    written_table,
)
from trunkline.backfill.session import session
from trunkline.connect import Target, refuse_read_only
from trunkline.errors import Failure
from trunkline.events import Emit, ignore
from trunkline.locks import LOCK_ERRORS, retried


class RunIsOpen(Failure):
    """a run is not finished, and what it wrote cannot be forgotten"""


#: The states of runs that an undo takes back.
UNDOABLE: tuple[RunState, ...] = ("running", "paused", "finished", "undoing")


@dataclass(frozen=True)
class Undone:
    """What an undo came to: rows put back, and rows kept, over all runs it undid."""

    name: str
    undone: int
    kept: int
    seconds: float


@dataclass(frozen=True)
class Undoable:
    """What an undo of a backfill would put back: so many rows, in so many runs.

    `restored`: the columns that it sets back; none: it deletes rows of `table`.
    """

    table: str
    restored: tuple[str, ...]
    runs: int
    rows: int


@dataclass(frozen=True)
class _Written:
    id: int
    key: Key


def undoable(target: Target, name: str) -> Undoable | None:
    """What `undo` would do; None: there is nothing to undo. Reads only.

    Raises UsageError where nothing can be undone since nothing can be written.
    """
    with session(target, f"{name} status", DEFAULT, read_only=True) as connection:
        refuse_read_only(connection, target)
        if not book.is_installed(connection):
            return None
        row = connection.execute(
            "select (array_agg(r.written_table order by r.id desc))[1],"
            " (array_agg(array_to_json(r.restored) order by r.id desc))[1],"
            " count(*), coalesce(sum((select count(*) from trunkline.backfill_written"
            " as w where w.run_id = r.id and w.kept is null)), 0)::bigint"
            " from trunkline.backfill_run as r"
            " where r.name = %s and r.state = any(%s) having count(*) > 0",
            [name, list(UNDOABLE)],
        ).fetchone()
    if row is None:
        return None
    return Undoable(row[0], tuple(row[1]), row[2], row[3])


def forgettable(target: Target, name: str) -> int:
    """How many rows `forget` would forget. Reads only; raises what `forget` raises, and
    UsageError where nothing can be forgotten since nothing can be written.
    """
    with session(target, f"{name} status", DEFAULT, read_only=True) as connection:
        refuse_read_only(connection, target)
        if not book.is_installed(connection):
            return 0
        _refuse_open_run(connection, name)
        ((rows,),) = connection.execute(
            "select count(*) from trunkline.backfill_written as w"
            " join trunkline.backfill_run as r on r.id = w.run_id where r.name = %s",
            [name],
        ).fetchall()
    return int(rows)


def undo(
    target: Target, name: str, *, pace: Pace = DEFAULT, emit: Emit = ignore
) -> Undone:
    """Undo every run of a backfill that is not undone yet, the latest first.

    A run that is at work is stopped first, after its open batches. Raises Unreachable,
    LockNotObtained, StatementFailed, and Failure when there is nothing to undo.
    """
    started = time.monotonic()
    runs = undone = kept = 0
    with session(target, name, pace) as connection:
        throttle = Throttle(connection, pace, emit)
        while run := _next_run(connection, name, pace, emit):
            runs += 1
            for done in _batches(connection, run, throttle, pace, emit):
                undone += done.undone
                kept += done.kept
                emit(done)
    if not runs:
        raise Failure(f"there is nothing of {name} to undo")
    return Undone(name, undone, kept, time.monotonic() - started)


def forget(target: Target, name: str, *, pace: Pace = DEFAULT) -> int:
    """Forget what the finished runs of a backfill wrote, and what stood there before.

    After this they cannot be undone. Old values may be secrets, which must not outlive
    the key that was to replace them. Gives the number of rows forgotten; raises
    RunIsOpen while one is.
    """
    with session(target, name, pace) as connection, connection.transaction():
        if not book.is_installed(connection):
            return 0
        _refuse_open_run(connection, name)
        forgotten = connection.execute(
            "delete from trunkline.backfill_written where run_id in"
            " (select id from trunkline.backfill_run where name = %s)",
            [name],
        ).rowcount
        connection.execute(
            "update trunkline.backfill_run set state = 'forgotten'"
            " where name = %s and state = 'finished'",
            [name],
        )
    return forgotten


def _refuse_open_run(connection: Connection, name: str) -> None:
    if book.open_run_of(connection, name) is not None:
        raise RunIsOpen(
            f"{name} has a run that is not finished",
            hint="Finish it or undo it first.",
        )


def _next_run(connection: Connection, name: str, pace: Pace, emit: Emit) -> Run | None:
    """The latest run to undo; no worker goes on with it any more."""
    if not book.is_installed(connection):
        return None
    run = book.latest(connection, name, *UNDOABLE)
    if run is not None and run.state != "undoing":
        retried(
            partial(book.change_state, connection, run, "undoing"),
            pace.lock_timeout,
            emit,
        )
    return run


def _batches(
    connection: Connection, run: Run, throttle: Throttle, pace: Pace, emit: Emit
) -> Iterator[UndoBatchDone]:
    """Put the rows of a run back, batch after batch, and tell which are kept."""
    statement = _put_back(connection, run)
    size = pace.first_batch

    def attempt() -> tuple[int, list[RowKept]] | None:
        nonlocal size
        try:
            return _batch(connection, run, statement, size)
        except LOCK_ERRORS:
            size = fewer(size)
            raise

    while True:
        throttle.wait()
        begun = time.monotonic()
        done = retried(attempt, pace.lock_timeout, emit)
        if done is None:
            return
        back, rest = done
        seconds = time.monotonic() - begun
        size = next_size(pace, size, back + len(rest), seconds)
        for row in rest:
            emit(row)
        yield UndoBatchDone(back, len(rest), seconds)


def _batch(
    connection: Connection, run: Run, statement: sql.Composed, size: int
) -> tuple[int, list[RowKept]] | None:
    """Put the next rows back; None when there are no more and the run is undone."""
    with connection.transaction():
        rows = [
            _Written(row[0], tuple(row[1]))
            for row in connection.execute(
                "select id, key from trunkline.backfill_written"
                " where run_id = %s and kept is null"
                " order by id desc limit %s for update",
                [run.id, size],
            )
        ]
        if not rows:
            book.set_state(connection, run, "undone")
            return None

        def put_back(part: Sequence[_Written]) -> list[str | None]:
            ids = [row.id for row in part]
            found = connection.execute(statement, [run.id, ids, run.id, ids]).fetchall()
            why_kept: dict[int, str | None] = dict(found)
            return [why_kept[row.id] for row in part]

        reasons = in_halves(connection, rows, put_back, _why)
        kept = [
            (row, reason)
            for row, reason in zip(rows, reasons, strict=True)
            if reason is not None
        ]
        connection.cursor().executemany(
            "update trunkline.backfill_written set kept = %s"
            " where run_id = %s and id = %s",
            [[reason, run.id, row.id] for row, reason in kept],
        )
        connection.execute(
            "delete from trunkline.backfill_written"
            " where run_id = %s and id = any(%s) and kept is null",
            [run.id, [row.id for row in rows]],
        )
    return len(rows) - len(kept), [RowKept(row.key, reason) for row, reason in kept]


def _why(error: psycopg.Error) -> str:
    """Why the server does not let a row go: its condition, and its sentence if fit."""
    refused = refusal(error)
    return f"{refused.reason}: {refused.detail}" if refused.detail else refused.reason


def _put_back(connection: Connection, run: Run) -> sql.Composed:
    """The statement that puts rows back: for each its id and null, or why it is kept.

    The comparison is made again by the server when it had to wait for somebody else's
    change of the row, so a change that is committed meanwhile is seen.
    """
    table, same = written_table(run), same_key(connection, run)
    ours = sql.SQL(
        "{} and w.run_id = %s and w.id = any(%s) and {} = w.fingerprint returning w.id"
    ).format(same, fingerprint(run))
    if run.restored:
        types = column_types(connection, run, run.restored)
        settings = sql.SQL(", ").join(
            sql.SQL("{} = w.before[{}]::{}").format(sql.Identifier(column), place, kind)
            for place, (column, kind) in enumerate(
                zip(run.restored, types, strict=True), start=1
            )
        )
        change = sql.SQL(
            "update {} as t set {} from trunkline.backfill_written as w where "
        ).format(table, settings)
    else:
        change = sql.SQL(
            "delete from {} as t using trunkline.backfill_written as w where "
        ).format(table)
    return sql.SQL(
        "with done as ({}) select w.id, case when done.id is not null then null"
        " when exists (select from {} as t where {}) then 'changed' else 'gone' end"
        " from trunkline.backfill_written as w left join done on done.id = w.id"
        " where w.run_id = %s and w.id = any(%s)"
    ).format(change + ours, table, same)
