"""Behind PgBouncer: what needs a session of its own is refused where there is none."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.line import Line, exists
from tests.toys import TABLES, Copies
from trunkline import apply, backfill, drift, rollback, status, verify
from trunkline import connect as connecting
from trunkline.connect import Target, connect
from trunkline.errors import LockNotObtained, Unreachable, UsageError
from trunkline.events import ignore
from trunkline.limits import Limits
from trunkline.throwaway import Request

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH')}:/usr/sbin")
FIRST = "20260101_first"
Pooler = Callable[..., Target]

pytestmark = pytest.mark.skipif(
    PGBOUNCER is None and "CI" not in os.environ,
    reason="needs the program pgbouncer (Debian: pgbouncer)",
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def pooler(line: Line, tmp_path: Path) -> Iterator[Pooler]:
    """Starts a PgBouncer in front of the test's database; its target there."""
    running: list[subprocess.Popen[bytes]] = []

    def start(mode: str, **settings: object) -> Target:
        port = _free_port()
        server = line.target.keywords
        backend = {
            name: server[name]
            for name in ("host", "port", "user", "password", "dbname")
            if server.get(name)
        }
        words = " ".join(f"{name}={value}" for name, value in backend.items())
        options = {
            "listen_addr": "127.0.0.1",
            "listen_port": port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": mode,
            "default_pool_size": 5,
            **settings,
        }
        ini = tmp_path / "pgbouncer.ini"
        ini.write_text(
            f"[databases]\n{line.database} = {words}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in options.items())
        )
        assert PGBOUNCER is not None, "no pgbouncer, and CI must have it"
        # It refuses to stay root, and gives that up once it has read its file.
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        running.append(
            subprocess.Popen(
                [PGBOUNCER, "--quiet", *user, ini],
                stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        )
        behind = {**server, "host": "127.0.0.1", "port": port}
        _until_it_answers(behind)
        return replace(line.target, keywords=behind, label="the pooler")

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def _until_it_answers(keywords: dict[str, Any]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(**keywords).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@pytest.mark.parametrize(("round_robin", "idle"), [(0, 4), (1, 1), (1, 2), (1, 3)])
def test_transaction_mode_is_refused_with_what_to_do(
    line: Line, pooler: Pooler, round_robin: int, idle: int
) -> None:
    line.table("a")
    where = pooler("transaction", server_round_robin=round_robin)
    _fill(where, idle)
    for command in (_apply, _status):
        with pytest.raises(UsageError, match="pooler that gives each") as failure:
            command(line, where)
        assert failure.value.hint == "Connect to the PostgreSQL server directly."
    assert not line.has("a")
    _is_untouched(where)


def test_statement_mode_is_refused_likewise(line: Line, pooler: Pooler) -> None:
    line.table("a")
    where = pooler("statement")
    with pytest.raises(UsageError, match="pooler that gives each"):
        _apply(line, where)
    assert not line.has("a")


def test_session_mode_works(line: Line, pooler: Pooler) -> None:
    line.table("a")
    where = pooler("session")
    assert _apply(line, where).applied == ("a",)
    assert [row.state for row in _status(line, where).rows] == ["applied"]
    assert _apply(line, where).applied == ()


def test_session_mode_works_wholly(line: Line, pooler: Pooler) -> None:
    line.table("a")
    line.add(
        "b",
        "-- depends: a\n-- transactional: false\n"
        "create index concurrently a_n on a (n);\n",
        "drop index concurrently a_n;\n",
        exists("a_n"),
    )
    where = pooler("session")
    assert _apply(line, where).applied == ("a", "b")
    assert verify.run(line.project, where, [], ignore).ok
    assert drift.run(line.project, where, Request()).ok
    plan = rollback.plan(line.project, where, rollback.Selection(last=2), None)
    done = rollback.run(line.project, where, plan, rollback.Options(), ignore)
    assert done.rolled_back == ("b", "a")


@pytest.mark.parametrize(("command", "sessions"), [("apply", 3), ("status", 2)])
def test_who_is_in_the_way_is_named_through_a_pooler(
    line: Line,
    pooler: Pooler,
    command: str,
    sessions: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connecting, "PATIENCE", 0.5)
    line.table("a")
    line.apply()
    line.add("b", "alter table a add m int;\n")
    where = pooler("session", default_pool_size=sessions, query_wait_timeout=2)
    table = {"apply": "a", "status": "_yoyo_migration"}[command]
    with line.connect(autocommit=False, application_name="maintenance") as other:
        other.execute(f"lock table {table}".encode())
        pid = other.info.backend_pid
        with pytest.raises(LockNotObtained) as failure:
            {"apply": _apply, "status": _status}[command](line, where)
    assert f"pid {pid} (postgres, maintenance, " in str(failure.value.detail)


def test_a_backfill_with_workers_goes_through_session_mode(
    line: Line, pooler: Pooler
) -> None:
    line.rows(TABLES)
    line.rows(
        "insert into public.originals (region, n)"
        " select 'region ' || n % 3, n from generate_series(1, 300) as n"
    )
    where = pooler("session", default_pool_size=8)
    pace = backfill.Pace(first_batch=7, largest_batch=50, chunk_rows=40)
    done = backfill.run(where, Copies, pace=pace, workers=2, emit=ignore)
    assert (done.state, done.counts.migrated) == ("finished", 300)
    assert backfill.undo(where, Copies.name, pace=pace, emit=ignore).undone == 300
    for mode in ("transaction", "statement"):
        with pytest.raises(UsageError, match="pooler that gives each"):
            backfill.run(pooler(mode), Copies, pace=pace, emit=ignore)


def test_a_pooler_without_a_session_left_is_told_as_that(
    line: Line, pooler: Pooler
) -> None:
    line.table("a")
    where = pooler("session", default_pool_size=1, query_wait_timeout=1)
    with pytest.raises(Unreachable, match="pooler that has no session left"):
        _status(line, where)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "a pooler that takes no such option"),
        (
            {"ignore_startup_parameters": "options"},
            "a pooler that has not passed on search_path",
        ),
    ],
)
def test_a_pooler_that_does_not_pass_on_an_option_is_refused(
    line: Line, pooler: Pooler, settings: dict[str, str], message: str
) -> None:
    line.table("a")
    where = pooler("session", **settings)
    keywords = {**where.keywords, "options": "-c search_path=other"}
    with pytest.raises(UsageError, match=message):
        _status(line, replace(where, keywords=keywords))


def test_a_server_without_a_pooler_is_not_taken_for_one(line: Line) -> None:
    with connect(line.target) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def _apply(line: Line, where: Target) -> apply.Result:
    limits = Limits(lock_timeout=0.3, lock_budget=0.3)
    options = apply.Options(limits=limits, allow_unverified=True)
    return apply.run(line.project, where, options, ignore)


def _status(line: Line, where: Target) -> status.Status:
    return status.read(line.project, where)


def _fill(where: Target, count: int) -> None:
    """Have the pooler hold so many sessions of the server, all of them idle."""
    clients = [psycopg.connect(**where.keywords) for _ in range(count)]
    pids = {client.info.backend_pid and _pid(client) for client in clients}
    assert len(pids) == count
    for client in clients:
        client.close()


def _pid(client: psycopg.Connection) -> int:
    row = client.execute("select pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def _is_untouched(where: Target) -> None:
    """No session that the pooler will give to the application has our settings."""
    clients = [psycopg.connect(**where.keywords) for _ in range(4)]
    for client in clients:
        row = client.execute("show default_transaction_read_only").fetchone()
        assert row == ("off",)
        row = client.execute("show client_connection_check_interval").fetchone()
        assert row == ("0",)
    for client in clients:
        client.close()
