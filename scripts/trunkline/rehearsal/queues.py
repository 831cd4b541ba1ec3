"""How many statements of an application would wait behind each lock of a change.

An estimate, from what was traced in the rehearsal and what a live database is busy
with. Who wants a lock that conflicts waits from the moment the change asks for it:
while the change itself waits for transactions that are open, and while it holds it.
Reading or writing all of a table takes the longer the larger it is, which a rehearsal
on few rows does not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trunkline.events import Direction, LockHeld
from trunkline.limits import Limits
from trunkline.project import Project
from trunkline.rehearsal.stats import Busy, Transaction

SCANNED = 200e6
REWRITTEN = 40e6
"""Bytes of a table that a server reads, and writes anew with its indexes, in a second:
a modest one. A guess that a reader can correct, so it is told."""

#: Modes that a statement which only reads, and one which writes, has to wait for
#: (the manual, "Conflicting Lock Modes").
_STOP_READS = frozenset({"AccessExclusiveLock"})
_STOP_WRITES = _STOP_READS | {"ExclusiveLock", "ShareRowExclusiveLock", "ShareLock"}


@dataclass(frozen=True)
class Queue:
    """Who would wait behind one lock, `seconds` long at most.

    `reads` and `writes` are the statements a second that need a lock which conflicts;
    `waiting` is how many would have come when it is over. `delayed` is how much of the
    time the change itself waits for open transactions. All None where the live database
    has no such relation.
    """

    change: str
    direction: Direction
    line: int
    relation: str
    mode: str
    seconds: float
    bytes: int | None
    reads: float | None
    writes: float | None
    delayed: float | None
    waiting: float | None


@dataclass(frozen=True)
class Queues:
    """The queues of all changes, and the database that they are estimated for.

    `measured` and `averaged` are the seconds that its counters were watched, and have
    been kept (None if not known); `longest` are its longest transactions.
    """

    source: str
    measured: float
    averaged: float | None
    longest: tuple[Transaction, ...]
    queues: tuple[Queue, ...]


def estimate(
    project: Project,
    locks: Iterable[tuple[str, tuple[LockHeld, ...]]],
    busy: Busy,
    lock_timeout: float = Limits.lock_timeout,
) -> Queues:
    """The queue behind each lock of each change, given as (ID, its locks)."""
    queues = tuple(
        queue
        for name, held in locks
        for queue in _of_change(
            name, held, busy, lock_timeout, whole=project.change(name).transactional
        )
    )
    return Queues(busy.label, busy.seconds, busy.average_of, busy.longest, queues)


def _of_change(
    name: str,
    locks: tuple[LockHeld, ...],
    busy: Busy,
    lock_timeout: float,
    *,
    whole: bool,
) -> Iterator[Queue]:
    """`whole`: the change is one transaction, so a lock lasts to its end."""
    for lock in locks:
        use = busy.uses.get(lock.relation)
        lines = {
            other.line
            for other in locks
            if other.direction == lock.direction
            and (other.line >= lock.line if whole else other.line == lock.line)
        }
        more = sum(_larger(locks, lock.direction, line, busy) for line in lines)
        seconds = lock.seconds + more
        if use is None:
            yield Queue(
                change=name,
                direction=lock.direction,
                line=lock.line,
                relation=lock.relation,
                mode=lock.mode,
                seconds=seconds,
                bytes=None,
                reads=None,
                writes=None,
                delayed=None,
                waiting=None,
            )
            continue
        reads = use.reads if lock.mode in _STOP_READS else 0.0
        writes = use.writes if lock.mode in _STOP_WRITES else 0.0
        delayed = _delay(lock, busy, lock_timeout)
        yield Queue(
            change=name,
            direction=lock.direction,
            line=lock.line,
            relation=lock.relation,
            mode=lock.mode,
            seconds=seconds,
            bytes=use.bytes,
            reads=reads,
            writes=writes,
            delayed=delayed,
            waiting=(reads + writes) * (seconds + delayed),
        )


def _larger(
    locks: Iterable[LockHeld], direction: Direction, line: int, busy: Busy
) -> float:
    """Seconds that a statement takes to read or write all of what is there live.

    A table is written with its indexes, so these count only where they are alone.
    """
    tables, indexes = 0.0, 0.0
    for lock in locks:
        use = busy.uses.get(lock.relation)
        if (lock.direction, lock.line) != (direction, line) or use is None:
            continue
        if use.is_index:
            indexes += use.bytes / REWRITTEN if lock.rewrote else 0.0
        elif lock.rewrote:
            tables += use.all_bytes / REWRITTEN
        elif lock.scanned:
            tables += use.bytes / SCANNED
    return tables or indexes


def _delay(lock: LockHeld, busy: Busy, lock_timeout: float) -> float:
    """How long the change waits for open transactions that use the relation.

    Nobody knows how much longer they last: as long again as they have, and the change
    gives up at its `lock_timeout`.
    """
    if lock.mode not in _STOP_WRITES:
        return 0.0
    open_for = [t.seconds for t in busy.longest if lock.relation in t.relations]
    return min(max(open_for, default=0.0), lock_timeout)
