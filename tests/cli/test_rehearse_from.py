"""`rehearse --from`: what is pending on a real database, on a copy of it."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Cli
from tests.projects import change, write
from trunkline import apply, project
from trunkline.connect import target
from trunkline.events import ignore
from trunkline.throwaway import Server, places, sweep

NEXT = "20260102_names"
VERIFICATION = (
    "-- check: rooms have names\n"
    "select 'rooms' as subject, 'no names' as detail where not exists (select from"
    " pg_attribute where attrelid = 'public.rooms'::regclass and attname = 'name');\n"
)


@pytest.fixture
def live(rooms: Cli, url: str, connection: psycopg.Connection) -> Cli:
    """The project of `rooms`, applied, with rows, and one change that is pending."""
    loaded = project.load(rooms.root)
    assert apply.run(loaded, target(url), apply.Options(), ignore).ok
    connection.execute("insert into public.rooms select gen_random_uuid()")
    write(
        rooms.root,
        change(
            NEXT,
            "alter table public.rooms add column name text not null default 'x';\n",
            "alter table public.rooms drop column name;\n",
            VERIFICATION,
        ),
    )
    return rooms


def test_a_rehearsal_on_a_copy_tells_what_was_copied(live: Cli, url: str) -> None:
    done = live("rehearse", "--from", url, "--on", url, "--sample", "1")
    assert done.status == 0, done.err
    assert "note: copying " in done.err
    assert f"* {NEXT} " in done.out
    assert re.search(
        r"\non a copy of \S+ of PostgreSQL \S+: 1 row of each table and what they"
        r" need, \d+ tables\n\Z",
        done.out,
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--schema-only"], "say what --from copies"),
        (["--from", "x", "--sample", "5", "--schema-only"], "exclude each other"),
        (["--from", "postgresql:///x", "--certify"], "without --from"),
        (["--from", "x", "--sample", "0"], "0 is no number from 1 on"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], message: str, rooms: Cli
) -> None:
    done = rooms("rehearse", *words)
    assert done.status == 2
    assert message in done.err


def test_ctrl_c_leaves_nothing_behind(
    live: Cli, url: str, server: Server, connection: psycopg.Connection
) -> None:
    before = databases(connection)
    connection.execute("begin")
    connection.execute("lock table public.rooms")
    with (
        server.connect("postgres") as watching,
        live.start("rehearse", "--from", url, "--on", url) as process,
    ):
        wait_until_dumping(watching, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 128 + signal.SIGINT
        assert "Traceback" not in err
        assert left_behind() == set()
        assert databases(watching) == before
        wait_until_alone(watching)


def databases(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("select datname from pg_database").fetchall()
    return {str(row[0]) for row in rows}


def wait_until_dumping(
    watching: psycopg.Connection, process: subprocess.Popen[str]
) -> None:
    """Until pg_dump waits for the table that is locked."""
    query = "select from pg_locks where not granted and mode = 'AccessShareLock'"
    deadline = time.monotonic() + 30
    while not watching.execute(query).rowcount:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_until_alone(watching: psycopg.Connection) -> None:
    """Until no program of ours is connected any more."""
    query = "select from pg_stat_activity where application_name = 'trunkline'"
    deadline = time.monotonic() + 10
    while watching.execute(query).rowcount:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def left_behind() -> set[Path]:
    """Directories of runs that have ended."""
    places_ = places.for_leftovers()
    runs = {run for place in places_ for run in place.glob("run-*")}
    return {run for run in runs if not sweep.has_owner(run) and run.exists()}
