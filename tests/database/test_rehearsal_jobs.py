"""A rehearsal by several processes says what one process says, in the same order."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.projects import change, write
from trunkline import project, rehearsal
from trunkline.errors import UsageError
from trunkline.events import Event, ignore
from trunkline.rehearsal import jobs
from trunkline.rehearsal.result import Rehearsed
from trunkline.rehearsal.work import Order, Parts, Stretch
from trunkline.throwaway import Request

pytestmark = pytest.mark.embedded


def a_project(root: Path) -> project.Project:
    """Thirteen changes, each a table; the bad ones are bad in ways of their own."""
    write(root, {"yoyo.ini": "[DEFAULT]\nsources = %(here)s/migrations\n"})
    for number in range(1, 14):
        name, table = f"202601{number:02}_t{number}", f"t{number}"
        up, down = f"create table {table} (id int);\n", f"drop table {table};\n"
        if number > 1:  # each stands on the one before
            up += f"insert into {table} select count(*) from t{number - 1};\n"
        if number == 3:
            down = "select 1;\n"
        if number == 5:
            up += "select 1 / 0;\n"
        if number == 6:
            up = f"create table {table} (id int);\n"
        if number == 9:
            up = f"-- transactional: false\n{up}select 1 / 0;\n"
        if number == 10:
            up = f"create table {table} (id int);\ncreate table t9 ();\n"
            down += "drop table t9;\n"
        write(root, change(name, up, down))
        if number in (2, 11):
            fixture = f"insert into {table} values (1), (2);\n"
            write(root, {f"verification/fixtures/{name}.sql": fixture})
    return project.load(root)


def told(made: project.Project, processes: int) -> list[tuple[str, str]]:
    """Each change and its verdict, as they were told."""
    heard: list[tuple[str, str]] = []

    def emit(event: Event) -> None:
        assert isinstance(event, Rehearsed)
        heard.append((event.report.id, event.report.verdict.value))

    report = rehearsal.run(
        made, Request(), [], allow_unverified=True, emit=emit, jobs=processes
    )
    assert [(r.id, r.verdict.value) for r in report.changes] == heard
    assert not report.ok
    return heard


def test_several_processes_say_what_one_says_in_the_same_order(tmp_path: Path) -> None:
    made = a_project(tmp_path)
    alone = told(made, 1)
    assert [name for name, _ in alone] == [change.id for change in made.changes]
    assert {verdict for _, verdict in alone} == {
        "unverified",
        "down_inexact",
        "up_failed",
    }
    assert told(made, 3) == alone


def test_one_server_is_not_shared(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="by several processes"):
        rehearsal.run(
            a_project(tmp_path),
            Request(on="postgresql://nobody@127.0.0.1:1/none"),
            [],
            allow_unverified=True,
            emit=ignore,
            jobs=2,
        )


def order(made: project.Project, *ids: str, mutate: bool = False) -> Order:
    return Order(made, Request(), ids, None, True, Parts(mutate=mutate), ())


def test_every_change_is_in_one_stretch_and_the_last_are_short(tmp_path: Path) -> None:
    made = a_project(tmp_path)
    found = jobs.stretches(order(made), 2)
    places = [place for part in found for place in range(part.first, part.end)]
    assert places == list(range(13))
    assert len(found) > 2
    assert found[0].end - found[0].first >= found[-1].end - found[-1].first
    assert jobs.stretches(order(made, made.changes[2].id), 2) == [Stretch(2, 3)]


def test_mutants_are_made_by_one_process(tmp_path: Path) -> None:
    made = a_project(tmp_path)
    assert jobs.count(order(made, mutate=True), None) == 1
    with pytest.raises(UsageError, match="by several processes"):
        jobs.count(order(made, mutate=True), 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_who_is_asked_to_go_takes_the_others_and_their_servers_along(
    tmp_path: Path, number: signal.Signals
) -> None:
    made = a_project(tmp_path)
    slow = made.changes[-1].migration
    write(tmp_path, {slow.path: f"{slow.text}select pg_sleep(60);\n"})
    command = [sys.executable, "-m", "trunkline", "rehearse", "--jobs", "2"]
    with subprocess.Popen(
        [*command, "--project", str(tmp_path), "--allow-unverified"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert made.changes[0].id in process.stdout.readline()
        others = psutil.Process(process.pid).children(recursive=True)
        assert len([one for one in others if one.name() == "postgres"]) > 1
        process.send_signal(number)
        process.stdout.read()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in (128 + number, -number)
    assert psutil.wait_procs(others, timeout=20)[1] == []
