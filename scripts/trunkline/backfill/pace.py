"""How fast to go: the size of the next batch, and when to wait for others.

The size follows the clock, so that nobody waits long for what a batch holds. Between
batches, while it holds nothing, a worker looks whether the database keeps up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from psycopg import Connection

from trunkline.events import Emit, Waiting

#: How a backfill's sessions are called in pg_stat_activity, with its name behind.
APPLICATION = "trunkline backfill"
LOOK_EVERY = 1.0
WAIT = 0.5

_BEHIND = """
select
    coalesce(nullif(application_name, ''), client_addr::text, pid::text),
    pg_size_pretty(behind)
from (
    select
        application_name, client_addr, pid,
        pg_wal_lsn_diff(
            pg_current_wal_lsn(), coalesce(replay_lsn, flush_lsn, write_lsn)
        ) as behind
    from pg_stat_replication
    where state in ('catchup', 'streaming')
) as replica
where behind > %s
order by behind desc
limit 1
"""

_BLOCKED = """
select
    a.pid, coalesce(nullif(a.application_name, ''), a.usename),
    date_trunc('milliseconds', clock_timestamp() - l.waitstart)
from pg_locks as l
join pg_stat_activity as a on a.pid = l.pid
where
    not l.granted
    and l.waitstart < clock_timestamp() - make_interval(secs => %s)
    and a.datname = current_database()
    and a.backend_type = 'client backend'
    and not starts_with(a.application_name, %s)
order by l.waitstart
limit 1
"""


@dataclass(frozen=True)
class Pace:
    """How much a backfill may take; times are in seconds, sizes in rows or bytes."""

    batch_seconds: float = 0.1
    """What a batch should take. Its row locks are held that long."""
    first_batch: int = 25
    """It pays for all that the server has not planned or read yet."""
    smallest_batch: int = 25
    """Below it, what a batch of any size takes is most of what it takes."""
    largest_batch: int = 5_000
    chunk_rows: int = 10_000
    """At most so many rows a worker claims together; it gives them up when it ends."""
    replica_bytes: int = 64 * 1024 * 1024
    """Wait while a replica is farther behind. Needs the rights of pg_monitor."""
    blocked_seconds: float = 1.0
    """Wait while anybody else's session has waited for a lock for longer."""
    lock_timeout: float = 2.0
    """How long a batch waits for a lock before it is taken back and tried again."""


DEFAULT = Pace()


def next_size(pace: Pace, size: int, rows: int, seconds: float) -> int:
    """The size of the next batch, after one of `size` that had `rows` in `seconds`.

    At most doubled, at least halved. A batch at the end of a chunk, which had fewer
    rows than it could have had, says little, so it counts only if it was slow.
    """
    if rows < size and seconds <= pace.batch_seconds:
        return size
    fitting = int(rows * pace.batch_seconds / max(seconds, 1e-6))
    least = min(pace.smallest_batch, pace.first_batch)
    return max(least, size // 2, min(fitting, size * 2, pace.largest_batch))


def fewer(size: int) -> int:
    """The size of the next attempt where a lock was not obtained.

    The fewer rows a batch locks together, the fewer are in each other's way.
    """
    return max(1, size // 4)


class Throttle:
    """Waits between batches while the database does not keep up."""

    def __init__(self, connection: Connection, pace: Pace, emit: Emit) -> None:
        self._connection = connection
        self._pace = pace
        self._emit = emit
        self._next_look = 0.0

    def wait(self) -> None:
        """Return at once, or as soon as nobody is in the way any more.

        Looks once a second at most, and tells each reason to wait once.
        """
        if time.monotonic() < self._next_look:
            return
        told = None
        while (reason := in_the_way(self._connection, self._pace)) is not None:
            if reason.what != told:
                self._emit(reason)
                told = reason.what
            time.sleep(WAIT)
        self._next_look = time.monotonic() + LOOK_EVERY


def in_the_way(connection: Connection, pace: Pace) -> Waiting | None:
    """Who should be waited for: a replica that is behind, a session that is blocked."""
    row = connection.execute(_BEHIND, [pace.replica_bytes]).fetchone()
    if row is not None:
        return Waiting("a replica is behind", f"{row[0]}, by {row[1]}")
    row = connection.execute(_BLOCKED, [pace.blocked_seconds, APPLICATION]).fetchone()
    if row is not None:
        return Waiting("a session is blocked", f"pid {row[0]} ({row[1]}), for {row[2]}")
    return None
