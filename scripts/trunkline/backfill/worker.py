"""One worker: batch after batch, until there is nothing left or it is told to stop.

A batch is one transaction: claim a chunk, read its next rows, have them migrated, keep
what undo needs, write how far it came. What is committed is done, what is not has not
happened; there is nothing in between, whenever the process or the server dies.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from psycopg import Connection

from trunkline.backfill import book
from trunkline.backfill.book import RowError, Run
from trunkline.backfill.definition import (
    Backfill,
    Failed,
    Migrated,
    Outcome,
    Skipped,
    Updates,
)
from trunkline.backfill.events import BatchDone, Counts, RowFailed
from trunkline.backfill.pace import Pace, Throttle, fewer, next_size
from trunkline.backfill.rows import Journal, migrate
from trunkline.backfill.source import Read, SourceReader
from trunkline.events import Emit
from trunkline.locks import LOCK_ERRORS, retried

#: How long to wait for the others' last batches, in seconds.
OTHERS = 0.05
#: So many batches of the present size make a chunk.
BATCHES = 8

Otherwise = Literal["nothing to claim", "stop"]


@dataclass(frozen=True)
class Batch:
    """What a committed batch came to."""

    counts: Counts
    failed: list[RowError]


@dataclass(frozen=True)
class Desk:
    """What a worker has before it."""

    connection: Connection
    backfill: Backfill
    run: Run
    reader: SourceReader
    journal: Journal


def work(
    connection: Connection,
    backfill: Backfill,
    run: Run,
    *,
    number: int,
    pace: Pace,
    emit: Emit,
) -> None:
    """Go on with `run` until it is finished, or is no longer running, or is at its
    limit. `number` names this worker in events.

    Raises LockNotObtained, Failure, and psycopg's errors; the open batch is rolled
    back then, and can be done by any other worker.
    """
    reader = reader_of(connection, type(backfill))
    desk = Desk(connection, backfill, run, reader, Journal(connection, run))
    throttle = Throttle(connection, pace, emit)
    finish = partial(book.finish, connection, run)
    size = pace.first_batch

    def attempt() -> Batch | Otherwise:
        nonlocal size
        try:
            return _batch(desk, size)
        except LOCK_ERRORS:
            size = fewer(size)
            raise

    while True:
        throttle.wait()
        started = time.monotonic()
        done = retried(attempt, pace.lock_timeout, emit)
        if isinstance(done, Batch):
            seconds = time.monotonic() - started
            size = next_size(pace, size, done.counts.total, seconds)
            tell(number, done, seconds, emit)
            continue
        if done == "stop":
            return
        # Not a large part of a small source, which the others would then miss.
        rows = min(pace.chunk_rows, BATCHES * size)
        cut = partial(book.cut, connection, run, reader, rows)
        if not retried(cut, pace.lock_timeout, emit):
            if retried(finish, pace.lock_timeout, emit):
                return
            time.sleep(OTHERS)


def reader_of(connection: Connection, kind: type[Backfill]) -> SourceReader:
    """The reader of a backfill's source. Raises UsageError."""
    updates = kind.writes if isinstance(kind.writes, Updates) else None
    return SourceReader(connection, kind.source, updates)


def go_through(
    connection: Connection,
    backfill: Backfill,
    read: Callable[[Connection], list[Read]],
) -> tuple[list[Read], list[Outcome]]:
    """Read rows and have them migrated, as the backfill's role, in the transaction."""
    with connection.pipeline():
        if backfill.role is not None:
            connection.execute("select set_config('role', %s, true)", [backfill.role])
        reads = read(connection)
    outcomes = migrate(connection, backfill, reads) if reads else []
    return reads, outcomes


def tally(reads: list[Read], outcomes: list[Outcome]) -> Batch:
    """Count outcomes, each kind by itself, and name the rows that failed."""
    failed = [
        RowError(read.key, outcome.reason, outcome.detail)
        for read, outcome in zip(reads, outcomes, strict=True)
        if isinstance(outcome, Failed)
    ]
    migrated = sum(isinstance(outcome, Migrated) for outcome in outcomes)
    skipped = sum(isinstance(outcome, Skipped) for outcome in outcomes)
    return Batch(Counts(len(reads), migrated, skipped, len(failed)), failed)


def tell(number: int, batch: Batch, seconds: float, emit: Emit) -> None:
    """Emit what a batch came to."""
    for row in batch.failed:
        emit(RowFailed(row.key, row.reason, row.detail))
    emit(BatchDone(number, batch.counts, seconds))


def _batch(desk: Desk, size: int) -> Batch | Otherwise:
    connection, run = desk.connection, desk.run
    with connection.transaction():
        state, allowance, claim = book.enter(connection, run)
        if state != "running":
            return "stop"
        if claim is None:
            return "nothing to claim"
        if allowance == 0:
            return "stop"
        most = size if allowance is None else min(size, allowance)
        reads, outcomes = go_through(
            connection,
            desk.backfill,
            partial(desk.reader.read, after=claim.after, upto=claim.upto, most=most),
        )
        batch = tally(reads, outcomes)
        with connection.pipeline():
            if desk.backfill.role is not None:
                connection.execute("set local role none")
            kept = desk.journal.keep(connection, reads, outcomes)
            book.record(
                connection,
                run,
                claim,
                reached=reads[-1].key if len(reads) == most else None,
                counts=batch.counts,
                failed=batch.failed,
                limited=allowance is not None,
            )
        desk.journal.expect(kept, batch.counts.migrated)
    return batch
