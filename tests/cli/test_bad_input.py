"""Bad projects, bad servers: one clear message, the right code, nothing half done."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.cli.conftest import Cli
from tests.projects import ROOMS, change, sound, write
from trunkline.throwaway import Server

UP = f"migrations/{ROOMS}.sql"
VERIFICATION = f"verification/{ROOMS}.sql"
SLOW = "create table public.half (id uuid);\nselect pg_sleep(60);\n"
NEXT = "20260102_next"
MADE = "create table public.rooms (id uuid);\n"


def tables(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "select count(*) from pg_tables where schemaname = 'public'"
        " and tablename not like '%yoyo%'"
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"yoyo.ini": "(none)"}, "no yoyo.ini in .*"),
        ({"yoyo.ini": "[DEFAULT"}, "yoyo.ini cannot be read"),
        (
            {"yoyo.ini": "[DEFAULT]\nsources = %(here)s/migration\n"},
            "yoyo.ini: no such migrations directory: .*",
        ),
        (
            {f"migrations/{ROOMS}.rollback.sql": "-> ../rollbacks/20260101_room.sql"},
            rf"migrations/{ROOMS}\.rollback\.sql:1: is a dangling link.*",
        ),
        ({f"rollbacks/{ROOMS}.sql": "(none)"}, ".*no rollbacks/.*"),
        ({VERIFICATION: "(none)"}, ".*no check in verification/.*"),
        (
            {UP: "-- transactional: no\ncreate table public.rooms (id uuid);\n"},
            rf"migrations/{ROOMS}\.sql:1: `-- transactional: no` must be .*",
        ),
        (
            {UP: f"{MADE}-- +goose Down\ndrop table public.rooms;\n"},
            rf"migrations/{ROOMS}\.sql:2: `-- \+goose Down` parts the file .*",
        ),
        (
            {UP: "-- depends: 20250101_gone\ncreate table public.rooms (id uuid);\n"},
            rf"migrations/{ROOMS}\.sql: depends on 20250101_gone, which does not exist",
        ),
        (
            change("20260102_a", "-- depends: 20260103_b\nselect 1;\n")
            | change("20260103_b", "-- depends: 20260102_a\nselect 1;\n"),
            "the changes .*20260102_a.* depend on each other",
        ),
        (
            change("20260102_a", "-- depends: 20260102_a\nselect 1;\n"),
            "the change 20260102_a depends on itself",
        ),
        (
            {f"{UP[:-4]}_more.sql/no_file.txt": ""},
            rf"migrations/{ROOMS}_more\.sql: is no file that can be read",
        ),
        (
            {f"migrations/{ROOMS}_loop.sql": f"-> {ROOMS}_loop.sql"},
            rf"migrations/{ROOMS}_loop\.sql: is no file that can be read",
        ),
        (
            {f"{VERIFICATION[:-4]}_more.sql/no_file.txt": ""}
            | change(f"{ROOMS}_more", "select 1;\n", "select 1;\n"),
            rf"verification/{ROOMS}_more\.sql: is no file that can be read",
        ),
        (
            {"migrations/20260102_two\nlines.sql": "select 1;\n"},
            r"'migrations/20260102_two\\nlines\.sql': a name that cannot be read",
        ),
        (
            {UP: "create table public.rooms (id uuid);\ncreate tabel x;\n"},
            rf"migrations/{ROOMS}\.sql:2: syntax error at or near \"tabel\"",
        ),
        (
            {UP: "\ufeffcreate table public.rooms (id uuid);\n"},
            rf"migrations/{ROOMS}\.sql:1: the file starts with a byte order mark",
        ),
        ({UP: ""}, rf"migrations/{ROOMS}\.sql:1: the file holds no statement"),
        (
            {UP: "create table public.rooms (id uuid);\ncommit;\n"},
            rf"migrations/{ROOMS}\.sql:2: `commit` in a change .*",
        ),
    ],
)
def test_a_bad_project_is_refused_with_its_place_before_anything_runs(
    files: dict[str, str],
    message: str,
    rooms: Cli,
    connection: psycopg.Connection,
) -> None:
    write(rooms.root, files)
    done = rooms("apply")
    assert (done.status, done.out) == (2, "")
    assert re.match(rf"trunkline: {message}\n", done.err)
    assert tables(connection) == 0


def test_a_check_whose_query_errors_leaves_nothing_and_exits_1(
    rooms: Cli, connection: psycopg.Connection
) -> None:
    write(
        rooms.root,
        {VERIFICATION: "-- check: rooms stand\nselect subject, detail from roms;\n"},
    )
    done = rooms("apply")
    assert done.status == 1
    assert "not ok" in done.out
    assert f"{VERIFICATION}:2: rooms stand" in done.out
    assert 'relation "roms" does not exist' in done.out
    assert tables(connection) == 0


def test_a_statement_that_fails_is_told_with_line_and_sqlstate(
    rooms: Cli, connection: psycopg.Connection
) -> None:
    write(
        rooms.root, {UP: "create table public.rooms (id uuid);\n\nselect 1 from gone;"}
    )
    done = rooms("apply")
    assert done.status == 3
    assert f'{UP}:3: relation "gone" does not exist' in done.err
    assert "SQLSTATE 42P01" in done.err
    assert tables(connection) == 0


def test_a_disk_that_is_full_is_exit_code_3_and_leaves_nothing(
    rooms: Cli, connection: psycopg.Connection
) -> None:
    full = "raise 'could not extend file' using errcode = 'disk_full'"
    up = f"create table public.rooms (id uuid);\ndo $$ begin {full}; end $$;\n"
    write(rooms.root, {UP: up})
    done = rooms("apply")
    assert done.status == 3
    assert f"{UP}:2: could not extend file\ndetail: SQLSTATE 53100." in done.err
    assert tables(connection) == 0


@pytest.mark.root
@pytest.mark.embedded
def test_a_disk_that_fills_up_is_exit_code_3_and_leaves_nothing(
    rooms: Cli, server: Server, connection: psycopg.Connection
) -> None:
    with small_disk(server) as directory:
        connection.execute(
            sql.SQL("create tablespace small location {}").format(str(directory))
        )
        filling = "insert into public.rooms select from generate_series(1, 1000000);"
        up = f"create table public.rooms () tablespace small;\n{filling}\n"
        write(rooms.root, {UP: up})
        done = rooms("apply")
        left = tables(connection)
        connection.execute("drop tablespace small")
    assert done.status == 3
    assert f"{UP}:2: could not extend file" in done.err
    assert "No space left on device\ndetail: SQLSTATE 53100." in done.err
    assert left == 0


@contextmanager
def small_disk(server: Server) -> Iterator[Path]:
    """A directory of the server's account with room for a few megabytes."""
    with server.connect("postgres") as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None
    owner = Path(row[0]).stat()
    with TemporaryDirectory(prefix="small-disk-") as directory:
        Path(directory).chmod(0o755)
        disk = Path(directory, "disk")
        disk.mkdir()
        options = f"size=4m,uid={owner.st_uid},gid={owner.st_gid},mode=700"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        subprocess.run(command, check=True)
        try:
            yield disk
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def test_nobody_to_tell_it_to_is_no_defect(rooms: Cli) -> None:
    with rooms.start("status", preexec_fn=lambda: os.close(1)) as process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("words", [["status"], ["status", "--json"], ["apply", "now"]])
def test_output_that_finds_no_room_is_told_elsewhere(
    words: list[str], rooms: Cli, tmp_path: Path
) -> None:
    def no_room() -> None:
        setrlimit(RLIMIT_FSIZE, (0, 0))
        full = os.open(tmp_path / "full", os.O_WRONLY | os.O_CREAT)
        os.dup2(full, 2 if words[-1] == "now" else 1)

    with rooms.start(*words, preexec_fn=no_room) as process:
        out, err = process.communicate(timeout=60)
    assert out == ""
    if words[-1] == "now":
        assert (process.returncode, err) == (2, "")
    else:
        assert (process.returncode, err) == (
            3,
            "trunkline: standard output: File too large\n",
        )


def test_a_project_may_lie_where_the_path_has_blanks(tmp_path: Path, url: str) -> None:
    done = Cli(sound(tmp_path / 'my 50% "project\'s"'), url)("status")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize(
    ("option", "detail"),
    [
        ("connect_timeout=soon", "bad value for connect_timeout: 'soon'"),
        ("nonsense=1", "invalid URI query parameter"),
    ],
)
def test_an_option_that_makes_no_sense_is_exit_code_2(
    option: str, detail: str, tmp_path: Path
) -> None:
    target = f"postgresql://dba@127.0.0.1:1/app?{option}"
    done = Cli(sound(tmp_path), target)("status")
    assert done.status == 2
    assert done.err.startswith("trunkline: the database URL cannot be read\n")
    assert f"detail: {detail}" in done.err


def test_a_server_that_is_not_there_is_exit_code_3(tmp_path: Path) -> None:
    done = Cli(sound(tmp_path), "postgresql://dba@127.0.0.1:1/app")("status")
    assert done.status == 3
    assert done.err.startswith("trunkline: cannot connect to dba@127.0.0.1:1/app\n")


def test_a_wrong_password_is_exit_code_3(
    rooms: Cli, server: Server, database: str
) -> None:
    where: dict[str, Any] = {**server.conninfo(database), "password": "guessed"}
    conninfo = psycopg.conninfo.make_conninfo(**where)
    done = rooms("status", "--database", conninfo)
    assert done.status == 3
    assert "password authentication failed" in done.err
    assert "guessed" not in done.err


@pytest.fixture
def reader(server: Server, connection: psycopg.Connection) -> Iterator[str]:
    """A role that may read everything and write nothing."""
    connection.execute(
        "create role reader login password 'reading' in role pg_read_all_data"
    )
    yield "reader"
    connection.execute("drop role reader")


@pytest.mark.parametrize("applied", [False, True])
def test_a_role_that_may_only_read_can_run_status(
    applied: bool, rooms: Cli, reader: str, server: Server, database: str
) -> None:
    if applied:
        assert rooms("apply").status == 0
    where: dict[str, Any] = server.conninfo(database) | {"user": reader}
    conninfo = psycopg.conninfo.make_conninfo(**{**where, "password": "reading"})
    done = rooms("status", "--json", "--database", conninfo)
    assert done.status == 0
    assert [row["state"] for row in done.json["rows"]] == [
        "applied" if applied else "pending"
    ]


def _working(connection: psycopg.Connection) -> int:
    """The process of the server that sleeps for a change; waits until it does."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        row = connection.execute(
            "select pid from pg_stat_activity where wait_event = 'PgSleep'"
            " and datname = current_database()"
        ).fetchone()
        if row is not None:
            return int(row[0])
        time.sleep(0.05)
    raise AssertionError("no change sleeps")


def _half_way(rooms: Cli) -> None:
    down = "drop table public.half;\n"
    check = "-- check: never\nselect 'a' as subject, 'b' as detail;\n"
    write(rooms.root, change(NEXT, SLOW, down, check))


def test_a_server_that_dies_in_the_middle_leaves_nothing_half_done(
    rooms: Cli, connection: psycopg.Connection
) -> None:
    _half_way(rooms)
    with rooms.start("apply") as process:
        pid = _working(connection)
        connection.execute("select pg_terminate_backend(%s)", [pid])
        out, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "Traceback" not in err
    assert f"+ {ROOMS}" in out
    assert f"+ {NEXT}" in out
    assert re.search(
        r"^trunkline: the connection to \S+ was lost\n"
        rf"detail: {NEXT} has not been applied; nothing has happened\.\n"
        r" +The last word was: terminating connection .*\.\n"
        r"hint:   Run it again\.\n\Z",
        err,
        re.MULTILINE,
    )
    assert tables(connection) == 1
    assert [row["state"] for row in rooms("--json", "status").json["rows"]] == [
        "applied",
        "pending",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_the_change_and_is_one_line(
    number: signal.Signals, rooms: Cli, connection: psycopg.Connection
) -> None:
    _half_way(rooms)
    with rooms.start("apply") as process:
        _working(connection)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert [line for line in err.splitlines() if not line.startswith("note: ")] == [
        f"trunkline: ended by {number.name}"
    ]
    assert tables(connection) == 1
    sleeping = connection.execute(
        "select from pg_stat_activity where wait_event = 'PgSleep'"
        " and datname = current_database()"
    )
    assert sleeping.fetchall() == []


def test_a_file_that_cannot_be_written_is_an_error_with_its_path(rooms: Cli) -> None:
    done = rooms("new", "a" * 300)
    assert done.status == 3
    assert "File name too long" in done.err
