"""What a live database is busy with, read from its statistics."""

from __future__ import annotations

import psycopg
import pytest

from tests.line import Line
from trunkline import rehearsal
from trunkline.connect import Target, of_keywords
from trunkline.events import Emit, Event, Notice, ignore
from trunkline.rehearsal import stats
from trunkline.rehearsal.result import RehearsalReport, Rehearsed
from trunkline.throwaway import Request, Server

TABLES = """
create table public.calls (id int primary key, day date);
create table public.logs (id int, day date, primary key (id, day))
    partition by range (day);
create table public.logs_1 partition of public.logs
    for values from ('2026-01-01') to ('2026-02-01');
create table public."Quiet" (id int);
insert into public.calls select n from generate_series(1, 1000) as n;
"""


@pytest.fixture
def live(server: Server, database: str, connection: psycopg.Connection) -> Target:
    connection.execute(TABLES)
    flush(connection)
    return of_keywords(server.conninfo(database))


def flush(connection: psycopg.Connection) -> None:
    connection.execute("select pg_stat_force_next_flush()")
    connection.execute("select")


def test_rates_are_of_what_went_on_between_the_readings(
    live: Target, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "LEAST", 0.2)
    first = stats.read(live)
    for number in range(20):
        connection.execute("select from public.calls where id = %s", [number])
    connection.execute("update public.calls set day = '2026-01-01' where id <= 5")
    connection.execute(
        "insert into public.logs select n, '2026-01-01' from generate_series(1, 7) as n"
    )
    flush(connection)
    busy = stats.since(live, first)
    calls = busy.uses["public.calls"]
    assert calls.writes * busy.seconds == pytest.approx(5)
    # The twenty, and the one of the update that is no row's.
    assert calls.reads * busy.seconds == pytest.approx(20, abs=5)
    assert busy.uses["public.calls_pkey"].reads == calls.reads
    assert busy.uses["public.logs"].writes * busy.seconds == pytest.approx(7)
    assert busy.uses['public."Quiet"'].reads == 0
    assert calls.bytes >= 1000 * 32
    assert calls.all_bytes > calls.bytes


def test_a_busy_past_counts_where_the_moment_is_quiet(
    live: Target, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "LEAST", 0.0)
    connection.execute("select pg_stat_reset()")
    connection.execute("update public.calls set day = '2026-01-02'")
    flush(connection)
    busy = stats.since(live, stats.read(live))
    assert busy.average_of is not None
    assert busy.uses["public.calls"].writes > 0


def test_long_transactions_are_told_with_what_they_use(
    live: Target, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "LEAST", 0.0)
    connection.execute("begin")
    connection.execute("select from public.calls")
    busy = stats.since(live, stats.read(live))
    (one,) = (t for t in busy.longest if t.pid == connection.info.backend_pid)
    assert one.relations == ("public.calls",)
    assert one.state == "idle in transaction"
    assert one.seconds > 0


@pytest.fixture
def indexed(line: Line) -> Line:
    """A project that locks public.calls."""
    line.add("a", TABLES, "drop table public.calls;\n")
    line.add(
        "b",
        "create index calls_day on public.calls (day);\n",
        "drop index public.calls_day;\n",
    )
    return line


def rehearse(line: Line, live: Target, emit: Emit) -> RehearsalReport:
    return rehearsal.run(
        line.project,
        Request(on=line.server.environment(line.database)["DATABASE_URL"]),
        ["b"],
        allow_unverified=True,
        emit=emit,
        live=live,
    )


def test_each_lock_of_a_rehearsal_is_held_against_the_live_database(
    live: Target, indexed: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "LEAST", 0.0)
    found = rehearse(indexed, live, ignore).queues
    assert found is not None
    assert found.source == live.label
    held = {(q.direction, q.relation, q.mode): q.waiting for q in found.queues}
    assert held["up", "public.calls", "ShareLock"] is not None
    assert held["down", "public.calls_day", "AccessExclusiveLock"] is None


def test_a_live_database_that_goes_away_spoils_no_rehearsal(
    server: Server, indexed: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "LEAST", 0.0)
    gone = server.create()
    told: list[Event] = []

    def emit(event: Event) -> None:
        told.append(event)
        if isinstance(event, Rehearsed):
            server.drop(gone)

    report = rehearse(indexed, of_keywords(server.conninfo(gone)), emit)
    assert report.queues is None
    assert len(report.changes) == 1
    (notice,) = (event.text for event in told if isinstance(event, Notice))
    assert notice.startswith("nothing is told of queues: cannot connect to ")
