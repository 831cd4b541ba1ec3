"""A rotation that is killed at any moment, under traffic, ends well when run again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.database.backfill.test_keys import TRAFFIC
from tests.installation import Installation
from trunkline.rehearsal.traffic.player import Record, playing
from trunkline.rehearsal.traffic.scripts import TrafficScript

KILLS = 6
OPEN = "select count(*) from org_data_keys where state = 'retiring'"
UNDER_A_DEAD_KEY = """
select count(*)
from org_data_keys as k
cross join lateral (
    select c.id from org_credentials as c
    where c.org_id = k.org_id and c.key_version = k.version
    union all
    select s.id from twilio_subaccounts as s
    where s.org_id = k.org_id and s.key_version = k.version
) as v
where k.state in ('retired', 'destroyed')
"""
STATES = """
select distinct k.state, k.version = max(k.version) over (partition by k.org_id)
from org_data_keys as k
order by 1
"""


def test_kill_9_of_a_rotation_under_traffic_loses_no_value_and_retires_no_used_key(
    installation: Installation, tmp_path: Path
) -> None:
    for name in ("reseal-credentials", "managed-credentials", "reseal-tokens"):
        assert installation.run(name).state == "finished"
    assert installation.apply().ok
    before = installation.opened()
    installation.owner.execute("update org_credentials set metadata = null")
    path = tmp_path / "seen.sql"
    path.write_text(TRAFFIC)
    moments, record, left = random.Random(20260215), Record(), list[int]()
    with playing(
        installation.server,
        installation.database,
        [TrafficScript("seen", path, None, None, 1)],
        record,
    ):
        whole = rotated(installation, None)
        for number in range(KILLS):
            if number % 2:  # at any moment
                rotated(installation, moments.uniform(0, whole))
            else:  # as soon as there are new keys, or a little later
                rotated(
                    installation,
                    moments.uniform(0, 0.05),
                    since=lambda: bool(installation.value(OPEN)),
                )
            assert not installation.value(UNDER_A_DEAD_KEY)
            assert installation.opened() == before
            left.append(installation.value(OPEN))
        rotated(installation, None)
    assert any(left)  # rotations that were killed in the middle
    assert installation.opened() == before
    assert installation.rows(STATES) == [("active", True), ("retired", False)]
    assert not installation.value(UNDER_A_DEAD_KEY)
    assert not record.failed
    seen = "select sum((metadata ->> 'seen')::int) from org_credentials"
    assert installation.value(seen) == len(record.played) > 0
    assert not installation.value(
        "select deadlocks from pg_stat_database where datname = current_database()"
    )


def rotated(
    installation: Installation,
    seconds: float | None,
    since: Callable[[], bool] | None = None,
) -> float:
    """Rotate all keys: to the end, or killed so long after it is at work, or after what
    `since` asks for.

    Gives how long it was at work.
    """
    words = ("keys", "rotate", "--all", "--yes")
    with installation.started("telephony", *words) as process:
        begun = since or installation.at_work
        while process.poll() is None and not begun():
            time.sleep(0.01)
        started = time.monotonic()
        with suppress(subprocess.TimeoutExpired):
            assert process.wait(120 if seconds is None else seconds) == 0
            return time.monotonic() - started
        assert seconds is not None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
    until_gone(installation)
    return seconds


def until_gone(installation: Installation) -> None:
    """Wait until the server has ended the sessions of who was killed."""
    deadline = time.monotonic() + 30
    while installation.at_work():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("again", [False, True])
def test_a_rotation_that_is_ended_as_its_workers_start_says_so_and_leaves_none(
    installation: Installation, number: signal.Signals, again: bool
) -> None:
    for name in ("reseal-credentials", "managed-credentials", "reseal-tokens"):
        assert installation.run(name).state == "finished"
    words = ("keys", "rotate", "--all", "--yes", "--workers", "3")
    with installation.started("telephony", *words, stderr=subprocess.PIPE) as process:
        started = psutil.Process(process.pid)
        while not (workers := workers_of(started)):
            assert process.poll() is None
        os.killpg(process.pid, number)  # as a terminal does: the workers hear it too
        assert process.stderr is not None
        assert (
            process.stderr.readline().decode() == f"telephony: ended by {number.name}\n"
        )
        if again:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        assert process.stderr.read() == b""
    assert process.wait(30) == 128 + number
    assert not any(worker.is_running() for worker in workers)
    until_gone(installation)
    rotated(installation, None)
    assert installation.rows(STATES) == [("active", True), ("retired", False)]


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    return [
        child
        for child in process.children()
        if any("spawn_main" in word for word in child.cmdline())
    ]
