"""What a throwaway server lets its user do, and what it refuses."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from trunkline.errors import Failure
from trunkline.throwaway import Request, Server, open_server

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def other(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of this module's own, which may be crashed."""
    version = request.config.getoption("--postgres")
    with open_server(Request(postgres=version)) as running:
        yield running


def names(server: Server) -> set[str]:
    with server.connect("postgres") as connection:
        rows = connection.execute("select datname from pg_database").fetchall()
    return {name for (name,) in rows}


def test_it_is_the_version_that_was_asked_for(
    server: Server, connection: psycopg.Connection, pytestconfig: pytest.Config
) -> None:
    row = connection.execute("show server_version_num").fetchone()
    assert row == (str(server.version_num),)
    assert server.version_num // 10000 == pytestconfig.getoption("--postgres")
    assert server.version == f"{server.version_num // 10000}.{server.version_num % 100}"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("wal_level", "logical"),
        ("autovacuum", "off"),
        ("listen_addresses", "127.0.0.1"),
    ],
)
def test_a_rehearsal_says_the_same_twice(
    connection: psycopg.Connection, setting: str, value: str
) -> None:
    row = connection.execute("select current_setting(%s)", (setting,)).fetchone()
    assert row == (value,)


def test_letters_beyond_ascii_have_two_cases(connection: psycopg.Connection) -> None:
    assert connection.execute("select upper('żółć')").fetchone() == ("ŻÓŁĆ",)


def test_two_hundred_clients_fit(connection: psycopg.Connection) -> None:
    row = connection.execute("select current_setting('max_connections')").fetchone()
    assert row is not None
    assert int(row[0]) >= 200 + 10


@pytest.mark.parametrize("password", ["", "wrong"])
def test_the_port_opens_only_with_the_password(server: Server, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        server.connect("postgres", password=password, passfile=os.devnull)


def test_other_programs_find_the_database_by_the_environment(
    server: Server, database: str
) -> None:
    assert server.binaries is not None
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    environment = {**plain, **server.environment(database)}
    asked = ["-X", "-A", "-t", "-c", "select current_database()"]
    for named in ([], [environment["DATABASE_URL"]]):
        command = [str(server.binaries / "psql"), *asked, *named]
        said = subprocess.check_output(command, env=environment, text=True)
        assert said.strip() == database
    initialize = [str(server.binaries / "pgbench"), "--initialize", "--quiet"]
    subprocess.run(initialize, env=environment, check=True, capture_output=True)


def test_a_clone_has_what_its_template_had(server: Server, database: str) -> None:
    with server.connect(database) as connection:
        connection.execute("create table kept as select 1 as one")
    clone = server.create(template=database)
    with server.connect(clone) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)
    server.drop(clone)


def test_a_template_may_have_a_session_that_is_about_to_end(
    server: Server, database: str
) -> None:
    lingering = server.connect(database)
    ending = threading.Timer(0.1, lingering.close)
    ending.start()
    server.drop(server.create(template=database))
    ending.join()


def test_a_template_in_use_is_not_copied(server: Server, database: str) -> None:
    with server.connect(database):
        with pytest.raises(Failure, match="in use and cannot be copied"):
            server.create(template=database)
        with pytest.raises(Failure, match="in use and cannot be renamed"):
            server.rename(database, "another")


def test_a_database_is_dropped_under_its_sessions(server: Server) -> None:
    database = server.create()
    with server.connect(database):
        server.drop(database)
    assert database not in names(server)


def test_a_name_may_be_anything(server: Server) -> None:
    name = 'a "B" c/d?é%'
    assert server.create(name) == name
    with server.connect(name) as connection:
        assert connection.info.dbname == name
    url = server.environment(name)["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        assert connection.info.dbname == name
    server.drop(name)


def test_a_name_that_is_taken_is_refused(server: Server, database: str) -> None:
    with pytest.raises(Failure, match="cannot be made") as refusal:
        server.create(database)
    assert "already exists" in str(refusal.value.detail)


def test_a_renamed_database_is_still_ours(server: Server) -> None:
    database = server.create()
    server.rename(database, "another_name")
    assert "another_name" in names(server)
    with pytest.raises(Failure, match="not made by this run"):
        server.drop(database)
    server.drop("another_name")
    assert "another_name" not in names(server)


def test_a_database_of_somebody_else_is_not_touched(server: Server) -> None:
    with server.connect("postgres") as connection:
        connection.execute("create database somebody_elses")
        try:
            with pytest.raises(Failure, match="not made by this run"):
                server.drop("somebody_elses")
            with pytest.raises(Failure, match="not made by this run"):
                server.rename("somebody_elses", "ours")
            with pytest.raises(Failure, match="not made by this run"):
                server.create(template="somebody_elses")
            assert "somebody_elses" in names(server)
        finally:
            connection.execute("drop database somebody_elses")


def test_sessions_that_the_server_ends_are_opened_anew(other: Server) -> None:
    other.drop(other.create())
    with other.connect("postgres") as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
    other.drop(other.create())


def test_databases_come_and_go_in_several_threads(other: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: other.create(), range(16)))
        assert names(other) >= set(made)
        list(pool.map(other.drop, made))
    assert not names(other) & set(made)


def test_a_crash_keeps_what_was_committed_and_nothing_else(other: Server) -> None:
    database = other.create()
    before = other.conninfo(database)
    committed = other.connect(database)
    committed.execute("create table kept (n int)")
    committed.execute("insert into kept select generate_series(1, 200000)")
    pending = other.connect(database, autocommit=False)
    pending.execute("insert into kept values (-1)")

    other.crash()
    for session in (committed, pending):
        with pytest.raises(psycopg.OperationalError):
            session.execute("select 1")
        session.close()
    with pytest.raises(Failure, match="does not answer"):
        other.create()
    other.start()

    assert other.conninfo(database) == before
    with other.connect(database) as connection:
        row = connection.execute("select count(*), min(n) from kept").fetchone()
    assert row == (200000, 1)
    other.drop(database)


def test_a_crash_is_survived_again_and_again_under_load(other: Server) -> None:
    database = other.create()
    with other.connect(database) as connection:
        connection.execute("create table written (n int primary key)")
    last = 0
    for _ in range(3):
        crash = threading.Timer(0.1, other.crash)
        crash.start()
        acknowledged = write_until_it_breaks(other, database, last)
        crash.join()
        other.start()
        with other.connect(database) as connection:
            row = connection.execute("select count(*), max(n) from written").fetchone()
        assert row is not None
        last = row[1]
        assert row[0] == last
        # The very last one may be in although its acknowledgement was lost.
        assert last in (acknowledged, acknowledged + 1)
    other.drop(database)


def test_a_start_waits_for_what_is_not_quite_gone_since_a_crash(other: Server) -> None:
    with other.connect("postgres") as connection:
        row = connection.execute("select current_setting('data_directory')").fetchone()
    assert row is not None
    _, block = Path(row[0], "postmaster.pid").read_text().splitlines()[6].split()
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    held = ctypes.c_void_p(libc.shmat(int(block), None, 0))
    assert held.value != ctypes.c_void_p(-1).value
    other.crash()
    release = threading.Timer(0.3, libc.shmdt, [held])
    release.start()
    other.start()
    release.join()
    assert "postgres" in names(other)


def write_until_it_breaks(server: Server, database: str, last: int) -> int:
    """Insert the numbers after `last`, and return the last that was acknowledged."""
    try:
        with server.connect(database) as connection:
            while True:
                connection.execute("insert into written values (%s)", (last + 1,))
                last += 1
    except psycopg.OperationalError:
        return last
