"""Run a backfill: begin or go on, alone or with several workers, or only look."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from trunkline.backfill import book
from trunkline.backfill.book import RowError, RunState
from trunkline.backfill.definition import Backfill, Key, Outcome
from trunkline.backfill.events import Counts, RunStarted
from trunkline.backfill.pace import DEFAULT, Pace, Throttle, fewer, next_size
from trunkline.backfill.processes import work_together
from trunkline.backfill.session import session
from trunkline.backfill.source import Read
from trunkline.backfill.worker import Batch, go_through, reader_of, tally, tell, work
from trunkline.connect import Target
from trunkline.errors import Failure, TrunklineError, UsageError
from trunkline.events import Emit, ignore
from trunkline.locks import LOCK_ERRORS, retried

#: The bookkeeping keeps what is left of a limit as a bigint.
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Report:
    """How a run stands when the work on it ends.

    `state` is finished, or running: at its limit; or what somebody else made of it
    meanwhile: paused, undoing. `counts` and `errors` are those of the whole run,
    `seconds` those of this call.
    """

    name: str
    run: int | None
    state: RunState
    counts: Counts
    errors: tuple[RowError, ...]
    seconds: float


def run(
    target: Target,
    kind: type[Backfill],
    *,
    workers: int = 1,
    limit: int | None = None,
    dry_run: bool = False,
    pace: Pace = DEFAULT,
    emit: Emit = ignore,
) -> Report:
    """Go through the source of a backfill, from where an unfinished run left off.

    With `limit`, at most so many rows in this call; the next one goes on behind them.
    With `dry_run`, every batch is rolled back, nothing is kept, and the bookkeeping is
    neither read nor made. Run on as many machines as you like at once.

    Raises UsageError, Unreachable, LockNotObtained, StatementFailed, Failure; what was
    committed stays done.
    """
    if workers < 1:
        raise UsageError("a backfill needs at least one worker")
    if limit is not None and not 1 <= limit <= LARGEST:
        raise UsageError(f"a limit is a number of rows from 1 to {LARGEST}")
    backfill = kind()
    started = time.monotonic()
    if dry_run:
        found, complete = _alone(target, backfill, limit, pace, emit, keep=False)
        state: RunState = "finished" if complete else "running"
        errors, seconds = tuple(found.failed), time.monotonic() - started
        return Report(kind.name, None, state, found.counts, errors, seconds)
    with session(target, kind.name, pace, role=kind.role) as connection:
        book.install(connection)
        reader = reader_of(connection, kind)
        current = book.open_run(connection, kind, reader, limit)
        before = book.counts(connection, current)
    emit(RunStarted(kind.name, current.id, before, current.estimate))
    raised: list[TrunklineError] = []
    if workers == 1:
        with session(target, kind.name, pace) as connection:
            work(connection, backfill, current, number=1, pace=pace, emit=emit)
    else:
        raised = work_together(
            target, kind, current, workers=workers, pace=pace, emit=emit
        )
    with session(target, kind.name, pace) as connection:
        state, allowance = book.standing(connection, current)
        if state == "running" and allowance != 0:
            raise (
                raised[0]
                if raised
                else Failure(
                    "all workers ended before their time",
                    hint="Nothing that was committed is lost. Run it again to go on.",
                )
            )
        counts = book.counts(connection, current)
        errors = book.row_errors(connection, current)
    seconds = time.monotonic() - started
    return Report(kind.name, current.id, state, counts, errors, seconds)


def sweep(
    target: Target, kind: type[Backfill], *, pace: Pace = DEFAULT, emit: Emit = ignore
) -> Report:
    """Go through the source of a backfill once, and keep no book of it.

    For what no other worker is to share and nobody is to undo. It joins no run that is
    open, and what it meets of one's rows is done when that comes to them. Raises what
    `run` raises; what was committed stays done.
    """
    started = time.monotonic()
    found, _ = _alone(target, kind(), None, pace, emit, keep=True)
    seconds = time.monotonic() - started
    return Report(
        kind.name, None, "finished", found.counts, tuple(found.failed), seconds
    )


def _alone(
    target: Target,
    backfill: Backfill,
    limit: int | None,
    pace: Pace,
    emit: Emit,
    *,
    keep: bool,
) -> tuple[Batch, bool]:
    """Go through the source without bookkeeping, each batch committed or, unless
    `keep`, taken back. Gives what it came to, and whether that is the whole source.
    """
    counts, size = Counts(), pace.first_batch
    failed: list[RowError] = []
    after: Key | None = None
    with session(target, backfill.name, pace, role=backfill.role) as connection:
        reader = reader_of(connection, type(backfill))
        emit(RunStarted(backfill.name, None, Counts(), reader.estimate(connection)))
        throttle = Throttle(connection, pace, emit)

        def attempt() -> tuple[int, list[Read], list[Outcome]]:
            nonlocal size
            most = size if limit is None else min(size, limit - counts.total)
            read = partial(reader.read, after=after, most=most)
            try:
                with connection.transaction(force_rollback=not keep):
                    return most, *go_through(connection, backfill, read)
            except LOCK_ERRORS:
                size = fewer(size)
                raise

        while limit is None or counts.total < limit:
            throttle.wait()
            started = time.monotonic()
            most, reads, outcomes = retried(attempt, pace.lock_timeout, emit)
            batch, seconds = tally(reads, outcomes), time.monotonic() - started
            tell(1, batch, seconds, emit)
            counts += batch.counts
            failed += batch.failed
            if len(reads) < most:
                return Batch(counts, failed), True
            after, size = reads[-1].key, next_size(pace, size, most, seconds)
    return Batch(counts, failed), False
