"""`rehearse --from`: what is pending on a real database, on a copy of it."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Cli
from tests.projects import ROOMS, change, write
from trunkline import apply, project
from trunkline.connect import target
from trunkline.events import ignore
from trunkline.throwaway import Server, places, sweep

NEXT = "20260102_names"
LAST = "20260103_last"
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
        {
            f"verification/fixtures/{name}.sql": "insert into no_such_table values (1);"
            for name in (ROOMS, NEXT)
        }
        | change(
            NEXT,
            "alter table public.rooms add column name text not null default 'x';\n",
            "alter table public.rooms drop column name;\n",
            VERIFICATION,
        ),
    )
    return rooms


def everything(connection: psycopg.Connection) -> object:
    return connection.execute(
        "select (select count(*) from public.rooms), (select count(*) from"
        " trunkline.applied), (select count(*) from pg_class),"
        " (select count(*) from _yoyo_log)"
    ).fetchone()


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ([], "all rows"),
        (["--sample", "1"], "1 rows of each table and what they need"),
        (["--schema-only"], "no rows"),
    ],
)
def test_what_is_pending_is_rehearsed_and_nothing_is_written(
    words: list[str], rows: str, live: Cli, url: str, connection: psycopg.Connection
) -> None:
    before = everything(connection)
    done = live("rehearse", "--from", url, "--on", url, "--json", *words)
    assert done.status == 0, done.err
    assert [c["id"] for c in done.json["changes"]] == [NEXT]
    assert done.json["changes"][0]["verdict"] == "exact"
    assert done.json["copied"]["rows"] == rows
    assert everything(connection) == before


def test_rows_that_a_migration_cannot_take_fail_its_rehearsal(
    live: Cli, url: str
) -> None:
    up = f"migrations/{NEXT}.sql"
    write(live.root, {up: "alter table public.rooms add column name text not null;\n"})
    assert live("rehearse", "--from", url, "--on", url, "--schema-only").status == 0
    done = live("rehearse", "--from", url, "--on", url)
    assert done.status == 1
    assert "contains null values" in done.out


def test_a_bad_change_does_not_spoil_the_next(live: Cli, url: str) -> None:
    write(
        live.root, change(LAST, "create table last (id int);\n", "drop table last;\n")
    )
    write(live.root, {f"migrations/{NEXT}.sql": "select 1 / 0;\n"})
    done = live("rehearse", "--from", url, "--on", url, "--json", "--allow-unverified")
    verdicts = {c["id"]: c["verdict"] for c in done.json["changes"]}
    assert verdicts == {NEXT: "up_failed", LAST: "unverified"}


def test_where_nothing_is_pending_nothing_is_rehearsed(live: Cli, url: str) -> None:
    for path in live.root.rglob(f"{NEXT}*"):
        path.unlink()
    done = live("rehearse", "--from", url, "--on", url)
    assert done.status == 0
    assert "0 changes rehearsed" in done.out


def test_a_change_that_is_there_already_is_not_rehearsed(live: Cli, url: str) -> None:
    done = live("rehearse", ROOMS, "--from", url, "--on", url)
    assert done.status == 2
    assert f"{ROOMS} is applied on " in done.err


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "insert into trunkline.progress (id, direction, statement,"
            f" statement_sha256) values ('{NEXT}', 'up', 1, repeat('0', 64))",
            f"{NEXT} is half applied on ",
        ),
        (
            "insert into _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
            " values ('x', '20250101_gone', now())",
            "the database has changes that this project has not: 20250101_gone",
        ),
    ],
)
def test_a_database_that_apply_would_refuse_is_not_rehearsed(
    statement: str, message: str, live: Cli, url: str, connection: psycopg.Connection
) -> None:
    connection.execute(statement.encode())
    done = live("rehearse", "--from", url, "--on", url)
    assert done.status == 2
    assert message in done.err


def test_a_check_that_fails_as_it_is_says_nothing_of_what_is_pending(
    live: Cli, url: str, connection: psycopg.Connection
) -> None:
    connection.execute("alter table public.rooms rename to chambers")
    write(
        live.root,
        {f"migrations/{NEXT}.sql": "alter table public.chambers add column n int;\n"}
        | {f"rollbacks/{NEXT}.sql": "alter table public.chambers drop column n;\n"}
        | {f"verification/{NEXT}.sql": "(none)"},
    )
    done = live("rehearse", "--from", url, "--on", url, "--allow-unverified")
    assert done.status == 0, done.out
    assert f"verification/{ROOMS}.sql:2 fails on the copy as it is" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sample", "5"], "say what --from copies"),
        (["--schema-only"], "say what --from copies"),
        (["--from", "x", "--sample", "5", "--schema-only"], "exclude each other"),
        (["--from", "postgresql:///x", "--certify"], "without --from"),
        (["--from", "x", "--sample", "0"], "0 is no number from 1 on"),
        (["--from", "nowhere.dump"], "nowhere.dump: no such dump"),
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
