"""Waiting for others: the runner's own lock, and locks that a statement needs.

One runner works on a database at a time. It holds a session advisory lock, which goes
with its session however that ends; a second runner waits and says for whom.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from psycopg import Connection, errors

from trunkline.errors import LockNotObtained
from trunkline.events import Emit, Waiting

#: Any number would do; it must only be the same in every version of the engine.
RUNNER_KEY = 0x7472756E6B6C696E  # "trunklin"
ATTEMPTS = 5

T = TypeVar("T")


@contextmanager
def runner_lock(connection: Connection, seconds: float, emit: Emit) -> Iterator[None]:
    """Hold the runner's lock of this database; wait for it at most `seconds`.

    Raises LockNotObtained, naming who holds it.
    """
    deadline = time.monotonic() + seconds
    told = ""
    while not _try(connection):
        holder = _holder(connection)
        if time.monotonic() >= deadline:
            raise LockNotObtained(
                "another runner is at work on this database",
                detail=f"It is {holder}.",
                hint="Wait for it, or give it longer with --wait SECONDS.",
            )
        if holder != told:
            emit(Waiting("another runner is at work on this database", holder))
            told = holder
        time.sleep(min(0.2, max(deadline - time.monotonic(), 0.01)))
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select pg_advisory_unlock(%s)", [RUNNER_KEY])


def retried(work: Callable[[], T], lock_timeout: float, emit: Emit) -> T:
    """Do `work`, again after a lock time-out or a deadlock, with back-off and jitter.

    `work` must be whole: a transaction, or one statement outside of one. Raises
    LockNotObtained after the last attempt.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except (
            errors.LockNotAvailable,
            errors.DeadlockDetected,
            errors.SerializationFailure,
        ) as error:
            reason = error.diag.message_primary or "a lock was not obtained"
            if attempt == ATTEMPTS:
                raise LockNotObtained(
                    f"a lock was not obtained in {ATTEMPTS} attempts",
                    detail=f"The server said: {reason}.",
                    hint="See pg_stat_activity for who is in the way, or give each "
                    "attempt longer with --lock-timeout.",
                ) from None
            pause = min(lock_timeout, 0.1 * 2**attempt) * random.uniform(0.5, 1.5)
            emit(Waiting(reason, f"attempt {attempt + 1} follows in {pause:.1f} s"))
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def _try(connection: Connection) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s)", [RUNNER_KEY]).fetchone()
    return row is not None and bool(row[0])


def _holder(connection: Connection) -> str:
    row = connection.execute(
        "select format('pid %%s (%%s, %%s, since %%s)', a.pid, a.usename,"
        " coalesce(a.client_addr::text, 'local'),"
        " to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS'))"
        " from pg_catalog.pg_locks as l"
        " join pg_catalog.pg_stat_activity as a on a.pid = l.pid"
        " where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
        " and (l.classid::bigint << 32) | l.objid::bigint = %s"
        " and l.database = (select oid from pg_catalog.pg_database"
        " where datname = current_database())",
        [RUNNER_KEY],
    ).fetchone()
    return str(row[0]) if row else "a runner that has just ended"
