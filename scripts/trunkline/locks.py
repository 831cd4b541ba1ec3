"""Waiting for others: the runner's own lock, and locks that a statement needs.

One runner works on a database at a time. It holds a session advisory lock, which goes
with its session however that ends; a second runner waits and says for whom. A statement
waits for its lock a short while only, since the application queues behind it, and comes
again after a pause in which the application has the table to itself. It waits longer
the more often it has come in vain.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from typing import TypeVar

from psycopg import Connection, Error, errors

from trunkline.errors import LockNotObtained
from trunkline.events import Emit, Waiting
from trunkline.limits import Limits
from trunkline.watch import Watch, holders, named

#: Any number would do; it must only be the same in every version of the engine.
RUNNER_KEY = 0x7472756E6B6C696E  # "trunklin"
#: Of the session that does the work, which may outlive a runner that was killed.
WORKER_KEY = RUNNER_KEY + 1

LOCK_ERRORS = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
LONGEST_PAUSE_IN_A_CIRCLE = 0.5

T = TypeVar("T")


@contextmanager
def runner_lock(connection: Connection, seconds: float, emit: Emit) -> Iterator[None]:
    """Hold the runner's lock of this database; wait for it at most `seconds`.

    Raises LockNotObtained, naming who holds it.
    """
    obtain(
        connection,
        RUNNER_KEY,
        seconds,
        emit,
        what="another runner is at work on this database",
    )
    try:
        yield
    finally:
        with suppress(Error):  # it has gone with its session
            connection.execute("select pg_advisory_unlock(%s)", [RUNNER_KEY])


def obtain(
    connection: Connection, key: int, seconds: float, emit: Emit, *, what: str
) -> None:
    """Take a session advisory lock, asking for it now and then for at most `seconds`.

    Asking, since a session that waits in the server holds a snapshot all the while, and
    a concurrent index of the runner that it waits for would wait for that. Raises
    LockNotObtained with the message `what`, naming who holds it.
    """
    deadline = time.monotonic() + seconds
    told: tuple[int, ...] = ()
    while not _try(connection, key):
        found = holders(connection, key)
        names = "; ".join(map(str, found)) or "a runner that has just ended"
        if time.monotonic() >= deadline:
            raise LockNotObtained(
                what,
                detail=f"It is {names}.",
                hint="Wait for it, or give it longer with --wait SECONDS.",
            )
        pids = tuple(blocker.pid for blocker in found)
        if pids and pids != told:
            emit(Waiting(what, names, found))
            told = pids
        time.sleep(min(0.1, max(deadline - time.monotonic(), 0.01)))


def retried(
    work: Callable[[], T],
    lock_timeout: float,
    emit: Emit,
    *,
    budget: float = Limits.lock_budget,
    watch: Watch | None = None,
) -> T:
    """Do `work` as `attempted` does, each attempt as patient as the first."""
    return attempted(
        lambda _: work(), repeat(lock_timeout), emit, budget=budget, watch=watch
    )


def attempted(
    work: Callable[[float], T],
    timeouts: Iterator[float],
    emit: Emit,
    *,
    budget: float = Limits.lock_budget,
    watch: Watch | None = None,
) -> T:
    """Do `work`, again after a lock time-out or a deadlock, with back-off and jitter.

    `work` must be whole: a transaction, or one statement outside of one. It is told how
    many seconds it may wait, by the endless `timeouts`; an attempt counts as that
    towards the `budget`, whatever it waited, so that a long one is not the last because
    it was long. `watch`, where there is one, says who was in the way, and may have
    ended the attempt. Raises LockNotObtained when the budget is spent.
    """
    spent, attempt = 0.0, 0
    timeout = next(timeouts)
    while True:
        attempt += 1
        try:
            return work(timeout)
        except (*LOCK_ERRORS, errors.QueryCanceled) as error:
            if isinstance(error, errors.QueryCanceled) and not (
                watch and watch.gave_up
            ):
                raise
            reason = error.diag.message_primary or "a lock was not obtained"
        blockers = watch.blockers if watch else ()
        names = named(blockers)
        # Patience is no use where they wait for us; to come by chance between them is.
        circle = watch is not None and watch.gave_up == "circle"
        longest = LONGEST_PAUSE_IN_A_CIRCLE if circle else LONGEST_PAUSE
        pause = min(min(timeout, FIRST_PAUSE) * 2 ** (attempt - 1), longest)
        pause *= random.uniform(0.5, 1.5)
        spent += timeout + pause
        if not circle:
            timeout = next(timeouts)
        older = watch is not None and watch.gave_up == "older"
        if older or spent + timeout > budget:
            who = watch.told(reason) if watch else f"The server said: {reason}."
            if circle:
                who += "\nThey waited for us in turn: they lock in another order."
            longer = ""
            if watch:  # as all have whose limits the user sets
                option = "concurrent-timeout" if older else "lock-budget"
                longer = f", or wait for it longer with --{option} SECONDS"
            raise LockNotObtained(
                _complaint(attempt, older=older),
                detail=who,
                hint=f"End what is in the way{longer}; then run again.",
            )
        what = f"attempt {attempt + 1} follows in {pause:.2g} s"
        emit(Waiting(what, names or reason, blockers))
        time.sleep(pause)


def _complaint(attempts: int, *, older: bool) -> str:
    if older:
        return "older transactions did not end in time"
    times = f" in {attempts} attempts" if attempts > 1 else ""
    return f"a lock was not obtained{times}"


def _try(connection: Connection, key: int) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s)", [key]).fetchone()
    return row is not None and bool(row[0])
