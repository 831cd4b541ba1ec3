"""A backfill waits while a replica is behind or somebody is blocked."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.toys import BlindCopies
from trunkline import backfill
from trunkline.backfill import BatchDone, Pace
from trunkline.backfill.pace import in_the_way
from trunkline.events import Waiting

if TYPE_CHECKING:
    from tests.database.backfill.conftest import Toys


def test_a_run_waits_while_somebody_is_blocked_and_says_who(
    toys: Toys,
    another: Callable[[], psycopg.Connection],
    in_background: Callable[..., Future[Any]],
) -> None:
    toys.originals(50)
    holder, waiter = another(), another()
    holder.execute("begin; lock table public.numbers")
    waiter.execute("set application_name = 'the application'")
    waiting = in_background(waiter.execute, "select from public.numbers")
    toys.until(
        lambda: toys.value("select count(*) from pg_locks where not granted") > 0
    )
    running = in_background(toys.run, BlindCopies, pace=Pace(blocked_seconds=0.01))
    toys.until(lambda: toys.of(Waiting))
    (reason,) = toys.of(Waiting)
    assert reason.what == "a session is blocked"
    assert f"pid {waiter.info.backend_pid} (the application)" in reason.for_whom
    assert not toys.of(BatchDone)
    holder.execute("rollback")
    waiting.result(timeout=10)
    assert running.result(timeout=10).counts.total == 50


def test_a_moment_of_waiting_is_nobodys_business(
    toys: Toys,
    another: Callable[[], psycopg.Connection],
    in_background: Callable[..., Future[Any]],
) -> None:
    holder, waiter = another(), another()
    holder.execute("begin; lock table public.numbers")
    waiting = in_background(waiter.execute, "select from public.numbers")
    toys.until(
        lambda: toys.value("select count(*) from pg_locks where not granted") > 0
    )
    assert in_the_way(toys.connection, Pace(blocked_seconds=60)) is None
    assert in_the_way(toys.connection, Pace(blocked_seconds=0)) is not None
    waiter.cancel()
    with pytest.raises(psycopg.errors.QueryCanceled):
        waiting.result(timeout=10)


def test_backfills_do_not_wait_for_each_other(
    toys: Toys,
    another: Callable[[], psycopg.Connection],
    in_background: Callable[..., Future[Any]],
) -> None:
    holder, waiter = another(), another()
    holder.execute("begin; lock table public.numbers")
    waiter.execute("set application_name = 'trunkline backfill other'")
    waiting = in_background(waiter.execute, "select from public.numbers")
    toys.until(
        lambda: toys.value("select count(*) from pg_locks where not granted") > 0
    )
    assert in_the_way(toys.connection, Pace(blocked_seconds=0)) is None
    holder.execute("rollback")
    waiting.result(timeout=10)


@pytest.fixture
def replica(toys: Toys, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that receives the WAL of the server, as a replica would."""
    assert toys.server.binaries is not None
    conninfo = toys.server.environment(toys.database)
    process = subprocess.Popen(
        [
            toys.server.binaries / "pg_receivewal",
            "--directory", str(tmp_path),
            "--no-password",
            "--no-sync",
            "--status-interval=1",
        ],
        env=conninfo | {"PGAPPNAME": "the replica"},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield process
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()


def test_a_run_waits_while_a_replica_is_behind_and_says_which(
    toys: Toys,
    replica: subprocess.Popen[bytes],
    in_background: Callable[..., Future[backfill.Report]],
) -> None:
    toys.originals(50)
    pace = Pace(replica_bytes=64 * 1024)
    toys.until(
        lambda: toys.rows(
            "select from pg_stat_replication where state = 'streaming'"
            " and write_lsn is not null"
        )
    )
    toys.until(lambda: in_the_way(toys.connection, pace) is None)
    replica.send_signal(signal.SIGSTOP)
    toys.connection.execute(
        "create table public.ballast as select repeat('x', 100) from"
        " generate_series(1, 5000)"
    )
    running = in_background(toys.run, BlindCopies, pace=pace)
    toys.until(lambda: toys.of(Waiting))
    (reason,) = toys.of(Waiting)
    assert reason.what == "a replica is behind"
    assert reason.for_whom.startswith("the replica, by ")
    assert not toys.of(BatchDone)
    replica.send_signal(signal.SIGCONT)
    assert running.result(timeout=20).counts.total == 50
