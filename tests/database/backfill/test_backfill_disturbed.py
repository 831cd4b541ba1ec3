"""Killed at any moment, a run ends with what an undisturbed one ends with."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress

import psutil
import pytest

from tests.database.backfill.faults import FAULTS
from tests.installation import Installation
from trunkline.backfill import Counts, Report
from trunkline.errors import Failure
from trunkline.throwaway import Server

WHOLE = Counts(total=4750, migrated=2750, skipped=FAULTS, errors=7 * FAULTS)


@pytest.fixture(scope="module")
def undisturbed(server: Server, planted: str) -> Iterator[list[object]]:
    """What a run that nobody disturbs leaves behind."""
    copy = server.create(template=planted)
    with server.connect(copy) as owner:
        installation = Installation(server, copy, owner)
        assert installation.run("managed-credentials").counts == WHOLE
        yield installation.content()
    server.drop(copy)


def test_kill_9_at_twenty_random_moments_changes_nothing_in_the_end(
    faulty: Installation, undisturbed: list[object]
) -> None:
    moments = random.Random(20260210)
    reached = set()
    whole = 0.0
    for number in range(21):
        with faulty.started(
            "trunkline",
            "backfill",
            "managed-credentials",
            "--limit=220",  # all these times that is less than all of it
            f"--workers={1 + number % 2}",
        ) as process:
            until_at_work(faulty, process)
            if not number:  # how long it takes here
                started = time.monotonic()
                process.wait(60)
                whole = time.monotonic() - started
                continue
            time.sleep(moments.uniform(0, whole))
            victims = [psutil.Process(process.pid)]
            if number % 4 == 3:  # a worker only: the others, or nobody, go on
                victims = victims[0].children()
            elif number % 4 == 1:
                victims += victims[0].children(recursive=True)
            for victim in victims:
                victim.send_signal(signal.SIGKILL)
            process.wait(60)
        reached.add(faulty.value("select count(*) from org_credentials"))
    assert len(reached) > 5
    assert faulty.run("managed-credentials").counts == WHOLE
    assert faulty.content() == undisturbed
    assert faulty.value("select count(*) from trunkline.backfill_written") == 2750
    assert faulty.value("select count(*) from trunkline.backfill_error") == 7 * FAULTS


def until_at_work(faulty: Installation, process: subprocess.Popen[bytes]) -> None:
    """Wait until a session of the run is there, or the run is over."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if faulty.at_work():
            return
        time.sleep(0.01)


def test_two_runs_at_once_migrate_each_number_once(
    faulty: Installation,
    undisturbed: list[object],
    in_background: Callable[..., Future[Report]],
) -> None:
    runs = [in_background(faulty.run, "managed-credentials") for _ in range(2)]
    assert [run.result(timeout=120).counts for run in runs] == [WHOLE, WHOLE]
    assert faulty.content() == undisturbed


@pytest.mark.embedded
def test_a_crash_of_the_server_changes_nothing_in_the_end(
    faulty: Installation,
    undisturbed: list[object],
    in_background: Callable[..., Future[Report]],
) -> None:
    moments = random.Random(9)
    for _ in range(3):
        running = in_background(faulty.run, "managed-credentials", limit=1000)
        time.sleep(moments.uniform(0.3, 0.8))
        faulty.server.crash()
        with suppress(Failure):  # it may have come to its limit before
            running.result(timeout=60)
        faulty.server.start()
    faulty.owner = faulty.server.connect(faulty.database)
    with faulty.owner:
        assert faulty.run("managed-credentials").counts == WHOLE
        assert faulty.content() == undisturbed
