"""Who would wait behind a lock: modes, rates, sizes, and who is in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import ROOMS, change, sound
from trunkline import project
from trunkline.events import LockHeld
from trunkline.rehearsal.queues import REWRITTEN, SCANNED, Queue, estimate
from trunkline.rehearsal.stats import Busy, Transaction, Use
from trunkline.report.words import queue_lines

APART = "20260102_apart"
CALLS, INDEX = "public.calls", "public.idx_calls"
USES = {
    CALLS: Use(int(SCANNED * 3), int(REWRITTEN * 10), False, 100.0, 10.0),
    INDEX: Use(int(REWRITTEN * 2), int(REWRITTEN * 10), True, 100.0, 10.0),
}


def lock(mode: str, line: int = 1, relation: str = CALLS, **more: bool) -> LockHeld:
    flags = {"rewrote": False, "scanned": False} | more
    return LockHeld("up", line, relation, mode, seconds=0.5, **flags)


def queues(
    root: Path, *locks: LockHeld, name: str = ROOMS, longest: float | None = None
) -> list[Queue]:
    sound(root, change(APART, "-- transactional: false\nselect 1;\n", "select 1;\n"))
    open_ones = (
        ()
        if longest is None
        else (Transaction(1, "app", "web", "active", longest, (CALLS,)),)
    )
    busy = Busy("app@db/x", 3.0, None, USES, open_ones)
    return list(estimate(project.load(root), [(name, locks)], busy, 2.0).queues)


@pytest.mark.parametrize(
    ("mode", "waiting"),
    [
        ("AccessShareLock", 0),
        ("RowExclusiveLock", 0),
        ("ShareUpdateExclusiveLock", 0),
        ("ShareLock", 5),
        ("ShareRowExclusiveLock", 5),
        ("ExclusiveLock", 5),
        ("AccessExclusiveLock", 55),
    ],
)
def test_who_waits_is_a_matter_of_the_mode(
    mode: str, waiting: float, tmp_path: Path
) -> None:
    (queue,) = queues(tmp_path, lock(mode))
    assert queue.waiting == pytest.approx(waiting)


@pytest.mark.parametrize(("longest", "delayed"), [(None, 0.0), (1.5, 1.5), (60.0, 2.0)])
def test_an_open_transaction_delays_at_most_by_the_lock_timeout(
    longest: float | None, delayed: float, tmp_path: Path
) -> None:
    (queue,) = queues(tmp_path, lock("ShareLock"), longest=longest)
    assert queue.delayed == pytest.approx(delayed)
    assert queue.waiting == pytest.approx(10 * (0.5 + delayed))


def test_what_is_read_or_written_whole_takes_longer_where_it_is_large(
    tmp_path: Path,
) -> None:
    (scanned,) = queues(tmp_path, lock("ShareLock", scanned=True))
    assert scanned.seconds == pytest.approx(3.5)
    rewritten, _ = queues(
        tmp_path,
        lock("AccessExclusiveLock", rewrote=True, scanned=True),
        lock("AccessExclusiveLock", relation=INDEX, rewrote=True),
    )
    assert rewritten.seconds == pytest.approx(10.5)
    (alone,) = queues(
        tmp_path, lock("AccessExclusiveLock", relation=INDEX, rewrote=True)
    )
    assert alone.seconds == pytest.approx(2.5)


def test_a_lock_lasts_to_the_end_of_its_transaction(tmp_path: Path) -> None:
    locks = (lock("AccessExclusiveLock", 1), lock("ShareLock", 5, scanned=True))
    assert [q.seconds for q in queues(tmp_path, *locks)] == pytest.approx([3.5, 3.5])
    apart = queues(tmp_path, *locks, name=APART)
    assert [q.seconds for q in apart] == pytest.approx([0.5, 3.5])


def test_a_relation_that_is_not_there_has_no_queue(tmp_path: Path) -> None:
    (queue,) = queues(tmp_path, lock("AccessExclusiveLock", relation="public.new"))
    assert queue.waiting is None


def test_the_transcript_tells_who_waits_and_why(tmp_path: Path) -> None:
    sound(tmp_path)
    busy = Busy(
        "app@db/x",
        3.0,
        None,
        USES,
        (Transaction(1, "app", "web", "idle in transaction", 60.0, (CALLS,)),),
    )
    locks = (lock("AccessExclusiveLock"), lock("AccessShareLock", 2))
    found = estimate(project.load(tmp_path), [(ROOMS, locks)], busy, 2.0)
    assert list(queue_lines(found, verbose=False)) == [
        "behind the locks, on app@db/x (its counters: watched for 3.0 s):",
        f"  {ROOMS} + line 1: ACCESS EXCLUSIVE on public.calls for 500 ms, 2.0 s of"
        " waiting: 275 statements would wait (100 reads a second and 10 writes a"
        " second)",
        "  open for 60.0 s: app, web, idle in transaction; it uses public.calls",
    ]
