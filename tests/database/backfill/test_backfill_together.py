"""Workers share the rows whoever they are, and whoever of them dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from multiprocessing import Pipe, active_children
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.backfill.conftest import PACE
from tests.toys import BlindCopies, Doubled, FaultyCopies, SlowCopies
from trunkline import backfill
from trunkline.backfill import BatchDone, Counts, Pace, WorkerLost
from trunkline.backfill.processes import messages
from trunkline.errors import Failure, Unreachable
from trunkline.events import Event

if TYPE_CHECKING:
    from tests.database.backfill.conftest import Toys


def test_several_runs_at_once_migrate_each_row_once(
    toys: Toys, in_background: Callable[..., Future[backfill.Report]]
) -> None:
    toys.originals(1000)
    runs = [in_background(toys.run, SlowCopies) for _ in range(4)]
    reports = [run.result(timeout=60) for run in runs]
    assert {report.run for report in reports} == {1}
    assert {report.counts for report in reports} == {Counts(1000, 1000)}
    toys.assert_each_copied_once(1000)
    batches: list[BatchDone] = toys.of(BatchDone)
    assert sum((batch.counts for batch in batches), Counts()) == Counts(1000, 1000)


def test_a_limit_is_kept_by_all_workers_together(toys: Toys) -> None:
    toys.originals(300)
    report = toys.run(SlowCopies, workers=2, limit=123)
    assert (report.state, report.counts.total) == ("running", 123)
    assert toys.value("select count(*) from public.copies") == 123


def test_workers_share_the_rows_and_a_killed_one_loses_nothing(toys: Toys) -> None:
    toys.originals(600)

    def kill(event: Event) -> None:
        toys.events.append(event)
        if isinstance(event, BatchDone) and len(toys.of(BatchDone)) == 1:
            active_children()[0].kill()

    pace = replace(PACE, largest_batch=10)
    report = toys.run(SlowCopies, workers=2, emit=kill, pace=pace)
    assert (report.state, report.counts) == ("finished", Counts(600, 600))
    toys.assert_each_copied_once(600)
    (lost,) = toys.of(WorkerLost)
    assert lost.exit_code == -signal.SIGKILL
    assert not active_children()


def test_a_run_whose_workers_were_all_killed_fails_and_is_gone_on_with(
    toys: Toys,
) -> None:
    toys.originals(500)

    def kill(event: Event) -> None:
        toys.events.append(event)
        if isinstance(event, BatchDone):
            for child in active_children():
                child.kill()

    with pytest.raises(Failure, match="all workers ended before their time"):
        toys.run(SlowCopies, workers=2, emit=kill)
    assert len(toys.of(WorkerLost)) == 2
    assert toys.run(SlowCopies).state == "finished"
    toys.assert_each_copied_once(500)


def test_workers_end_with_whoever_started_them(toys: Toys) -> None:
    toys.originals(2000)

    def interrupt(event: Event) -> None:
        if isinstance(event, BatchDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toys.run(SlowCopies, workers=2, emit=interrupt)
    assert not active_children()


@pytest.mark.parametrize("options", [{"workers": 2}, {}, {"dry_run": True}])
def test_what_a_backfill_raises_is_told_without_the_rows_values(
    toys: Toys, options: dict[str, Any]
) -> None:
    toys.originals(30, text="planted")
    with pytest.raises(Failure, match="faulty-copies raised KeyError") as failure:
        toys.run(FaultyCopies, **options)
    assert "in migrate" in (failure.value.detail or "")
    assert "planted" not in (failure.value.detail or "")


def test_a_worker_that_is_killed_while_it_tells_something_has_ended() -> None:
    ours, theirs = Pipe(duplex=False)
    whole = BatchDone(1, Counts(), 0.0)
    theirs.send(whole)
    os.write(theirs.fileno(), (100).to_bytes(4, "big") + b"half")
    theirs.close()
    assert list(messages(ours)) == [whole]
    assert ours.closed


@pytest.fixture
def victims(toys: Toys) -> Iterator[subprocess.Popen[str]]:
    """Begins a run for each line that it is given, tells its pid and what it does."""
    script = Path(__file__).with_name("victims.py")
    with subprocess.Popen(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        json.dump(dict(toys.target.keywords), process.stdin)
        process.stdin.write("\n")
        yield process
        process.stdin.close()


def test_killed_at_twenty_random_moments_nothing_is_lost_or_done_twice(
    toys: Toys, victims: subprocess.Popen[str]
) -> None:
    assert victims.stdin is not None
    assert victims.stdout is not None
    toys.originals(1500)
    toys.originals(20, text="bad")
    moments = random.Random(4)
    for _ in range(20):
        victims.stdin.write("begin\n")
        victims.stdin.flush()
        pid = int(victims.stdout.readline())
        while victims.stdout.readline() != "BatchDone\n":
            continue
        time.sleep(moments.uniform(0, 0.03))
        os.kill(pid, signal.SIGKILL)
        while victims.stdout.readline() != "gone\n":
            continue
    between = toys.status(SlowCopies).counts.total
    report = toys.run(SlowCopies)
    assert 0 < between < 1520
    assert report.counts == Counts(total=1520, migrated=1500, errors=20)
    toys.assert_each_copied_once(1500)
    assert toys.value("select count(*) from trunkline.backfill_written") == 1500
    assert len(toys.status(SlowCopies).errors) == 20


def test_after_a_crash_of_the_server_the_run_goes_on_where_it_was(
    toys: Toys, in_background: Callable[..., Future[backfill.Report]]
) -> None:
    toys.originals(800)
    moments = random.Random(8)
    for _ in range(3):
        running = in_background(toys.run, SlowCopies)
        toys.until(lambda: toys.of(BatchDone))
        time.sleep(moments.uniform(0, 0.1))
        toys.server.crash()
        with pytest.raises(Unreachable):
            running.result(timeout=10)
        toys.server.start()
        toys.events.clear()
    toys.connection = toys.server.connect(toys.database)
    with toys.connection:
        before = toys.status(SlowCopies).counts
        assert 0 < before.total < 800
        assert toys.run(SlowCopies).counts == Counts(800, 800)
        toys.assert_each_copied_once(800)


BROKEN = """
import sys
from tests.toys import SlowCopies
from trunkline import backfill
from trunkline.connect import target
from trunkline.errors import Unreachable

class Broken(SlowCopies):
    def migrate(self, connection, rows):
        with connection.pipeline():
            connection.execute("select pg_terminate_backend(pg_backend_pid())")
            connection.execute("select 1")

try:
    backfill.run(target(sys.argv[1]), Broken)
except Unreachable:
    print("lost")
"""


def test_a_lost_connection_is_told_once_and_not_by_the_driver_too(toys: Toys) -> None:
    toys.originals(5)
    url = toys.server.environment(toys.database)["DATABASE_URL"]
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, url],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("lost\n", "")


def test_a_paused_run_does_nothing_until_it_is_resumed(
    toys: Toys, in_background: Callable[..., Future[backfill.Report]]
) -> None:
    toys.originals(1000)
    running = in_background(toys.run, SlowCopies)
    toys.until(lambda: toys.of(BatchDone))
    backfill.pause(toys.target, "slow-copies")
    at_pause = toys.value("select count(*) from public.copies")
    assert running.result(timeout=10).state == "paused"
    assert toys.value("select count(*) from public.copies") == at_pause < 1000
    assert toys.status(SlowCopies).state == "paused"
    with pytest.raises(Failure, match="slow-copies is paused"):
        toys.run(SlowCopies)
    backfill.resume(toys.target, "slow-copies")
    assert toys.run(SlowCopies).state == "finished"
    toys.assert_each_copied_once(1000)


@pytest.fixture
def in_a_batch(
    toys: Toys,
    another: Callable[[], psycopg.Connection],
    in_background: Callable[..., Future[Any]],
) -> Iterator[tuple[psycopg.Connection, Future[backfill.Report]]]:
    """A run that is in the middle of its only batch, until a session lets it go on."""
    toys.numbers(5)
    holder = another()
    holder.execute("begin; update public.numbers set value = 0 where id = 3")
    running = in_background(toys.run, Doubled, pace=Pace(lock_timeout=30))
    toys.until(lambda: waiting(toys, "transactionid"))
    yield holder, running
    holder.close()


def waiting(toys: Toys, kind: str) -> int:
    """How many sessions wait for a lock of this kind."""
    return int(
        toys.value(
            "select count(*) from pg_locks where not granted and locktype = %s", kind
        )
    )


def test_pausing_waits_for_the_batch_that_is_open(
    toys: Toys,
    in_a_batch: tuple[psycopg.Connection, Future[backfill.Report]],
    in_background: Callable[..., Future[Any]],
) -> None:
    holder, running = in_a_batch
    pausing = in_background(backfill.pause, toys.target, "doubled")
    toys.until(lambda: waiting(toys, "advisory"))
    assert toys.status(Doubled).state == "running"
    holder.execute("commit")
    pausing.result(timeout=10)
    assert running.result(timeout=10).state == "paused"
    assert toys.status(Doubled).counts == Counts(5, 5)


def test_what_a_batch_had_to_wait_for_is_what_it_reads_and_undo_brings_back(
    toys: Toys, in_a_batch: tuple[psycopg.Connection, Future[backfill.Report]]
) -> None:
    holder, running = in_a_batch
    holder.execute("commit")
    assert running.result(timeout=10).counts.migrated == 5
    assert toys.undo(Doubled).undone == 5
    assert toys.value("select value from public.numbers where id = 3") == 0


def test_of_an_undo_and_a_pause_that_wait_together_the_first_has_its_way(
    toys: Toys,
    in_a_batch: tuple[psycopg.Connection, Future[backfill.Report]],
    in_background: Callable[..., Future[Any]],
) -> None:
    holder, running = in_a_batch
    undoing = in_background(toys.undo, Doubled)
    toys.until(lambda: waiting(toys, "advisory") == 1)
    pausing = in_background(backfill.pause, toys.target, "doubled")
    toys.until(lambda: waiting(toys, "advisory") == 2)
    holder.execute("commit")
    with pytest.raises(Failure, match="the run of doubled is und"):
        pausing.result(timeout=10)
    assert undoing.result(timeout=10).undone == 5
    running.result(timeout=10)
    assert toys.status(Doubled).state == "undone"


def test_only_what_is_at_work_is_paused_and_only_what_is_paused_resumed(
    toys: Toys,
) -> None:
    with pytest.raises(Failure, match="no run of blind-copies is running"):
        backfill.pause(toys.target, "blind-copies")
    toys.originals(20)
    toys.run(BlindCopies, limit=5)
    with pytest.raises(Failure, match="no run of blind-copies is paused"):
        backfill.resume(toys.target, "blind-copies")
    toys.run(BlindCopies)
    with pytest.raises(Failure, match="no run of blind-copies is running"):
        backfill.pause(toys.target, "blind-copies")


def test_the_status_counts_the_workers_of_the_backfill(
    toys: Toys, in_background: Callable[..., Future[backfill.Report]]
) -> None:
    toys.originals(1000)
    running = in_background(toys.run, SlowCopies)
    toys.until(lambda: toys.of(BatchDone))
    status = toys.status(SlowCopies)
    assert (status.state, status.workers) == ("running", 1)
    assert 0 < status.counts.total < 1000
    backfill.pause(toys.target, "slow-copies")
    running.result(timeout=10)
    toys.until(lambda: toys.status(SlowCopies).workers == 0)


def test_where_a_row_is_locked_those_before_it_are_done_without_it(
    toys: Toys,
    another: Callable[[], psycopg.Connection],
    in_background: Callable[..., Future[Any]],
) -> None:
    toys.numbers(8)
    holder = another()
    holder.execute("begin; update public.numbers set value = 0 where id = 3")
    pace = Pace(first_batch=8, lock_timeout=0.05)
    running = in_background(toys.run, Doubled, pace=pace)
    toys.until(
        lambda: (
            toys.value(
                "select count(*) from public.numbers"
                " where document::text like '%%doubled%%'"
            )
            == 2
        )
    )
    holder.execute("commit")
    assert running.result(timeout=30).counts == Counts(8, 8)
