"""A client that is killed leaves no query running, and the next one finishes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any, LiteralString

import psycopg
import pytest

from tests.cli.conftest import Cli
from tests.projects import ROOMS, change, write

NEXT = "20260102_next"
CHECK = "-- check: all is well\nselect 'a' as subject, 'b' as detail where false;\n"
OURS = (
    "select pid from pg_stat_activity where datname = current_database()"
    " and application_name = 'trunkline'"
)


def _until(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.05)
    return answer


def _rows(connection: psycopg.Connection, query: LiteralString) -> list[Any]:
    return connection.execute(query).fetchall()


@pytest.mark.parametrize(
    ("up", "event"),
    [
        ("select pg_sleep(60);\n", "PgSleep"),
        ("create table b (n int);\nalter table busy add m int;\n", "relation"),
        (
            "-- transactional: false\ncreate index concurrently busy_n on busy (n);\n",
            "virtualxid",
        ),
    ],
    ids=["at work", "waiting for a lock", "waiting for an older transaction"],
)
def test_a_killed_client_leaves_no_query_running(
    up: str, event: str, rooms: Cli, connection: psycopg.Connection, url: str
) -> None:
    assert rooms("apply").status == 0
    connection.execute("create table busy (n int)")
    write(rooms.root, change(NEXT, up, "select 1;\n", CHECK))
    waiting = (
        "select 1 from pg_stat_activity where datname = current_database()"
        " and application_name = 'trunkline' and wait_event = %s"
    )
    with psycopg.connect(url) as older:
        older.execute("set transaction isolation level repeatable read")
        older.execute("select from busy")
        with rooms.start("apply", "--lock-timeout", "30") as process:
            _until(lambda: connection.execute(waiting, [event]).fetchall())
            process.send_signal(signal.SIGKILL)
        _until(lambda: not _rows(connection, OURS))
    states = {row["id"]: row["state"] for row in rooms("--json", "status").json["rows"]}
    assert states[ROOMS] == "applied"
    assert states[NEXT] in ("pending", "partly applied")
    if event == "PgSleep":
        return
    assert rooms("apply").status == 0
    assert rooms("status").status == 0
    invalid = "select from pg_index where not indisvalid"
    assert _rows(connection, invalid) == []
