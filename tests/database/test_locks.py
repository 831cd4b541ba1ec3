"""Who is in the way is named and waited for, and nobody queues behind us for long."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import generators, sql
from psycopg.conninfo import make_conninfo

from tests.line import Line, check, exists, until
from trunkline import apply, throttle
from trunkline import limits as bounds
from trunkline.connect import connect
from trunkline.errors import LockNotObtained
from trunkline.events import (
    Blocker,
    Checked,
    Event,
    Notice,
    StatementDone,
    Waiting,
    ignore,
)
from trunkline.limits import Limits
from trunkline.locks import retried
from trunkline.throwaway import Request, Server, open_server
from trunkline.watch import Watched, named, redacted

FIRST = "20260101_first"
HASTY = Limits(wait=0, lock_timeout=0.4, lock_budget=0.4)
PATIENT = Limits(wait=10, lock_timeout=0.3, lock_budget=20)


@pytest.fixture
def busy(line: Line) -> Line:
    """A change that needs the strongest lock on a table that is there."""
    line.rows("create table busy as select 1 as n")
    line.add(FIRST, "create table a (n int);\nalter table busy add m int;\n")
    return line


@contextmanager
def _holding(line: Line, query: str, state: str = "reader") -> Iterator[int]:
    """A session that has run `query` and not committed; its pid."""
    with line.connect(autocommit=False, application_name=state) as session:
        session.execute(query.encode())
        yield session.info.backend_pid


def _blockers(line: Line) -> list[Blocker]:
    return [b for waiting in line.of(Waiting) for b in waiting.blockers]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select from busy where n = 4711", "select from busy where n = ?"),
        ("update busy set n = 4711", "update busy set n = ?"),
    ],
    ids=["an idle reader", "an idle writer"],
)
def test_an_idle_transaction_is_named_and_nothing_is_changed(
    busy: Line, query: str, shown: str
) -> None:
    with (
        _holding(busy, query, "the app") as pid,
        pytest.raises(LockNotObtained) as failure,
    ):
        busy.apply(limits=HASTY)
    blocker = _blockers(busy)[0]
    assert blocker.pid == pid
    assert blocker.application == "the app"
    assert blocker.user == "postgres"
    assert blocker.client is not None
    assert blocker.state == "idle in transaction"
    assert blocker.seconds is not None
    assert blocker.query == shown
    told = failure.value.detail or ""
    assert f"pid {pid} (postgres, the app, " in told
    assert "AccessExclusiveLock on busy" in told
    assert "4711" not in told
    assert failure.value.exit_code == 3
    assert not busy.has("a")
    assert busy.state(FIRST) == "pending"


@pytest.mark.parametrize(
    "query",
    [
        "select pg_sleep(1.5) from busy",
        "update busy set n = 2 where pg_sleep(1.5) is null",
    ],
    ids=["a long reader", "a long writer"],
)
def test_who_works_for_long_is_waited_for_within_the_budget(
    busy: Line, query: str
) -> None:
    with ThreadPoolExecutor() as pool:
        work = pool.submit(lambda: busy.rows(query))
        until(
            lambda: busy.rows(
                "select 1 from pg_locks where relation = 'busy'::regclass"
            )
        )
        assert busy.apply(limits=PATIENT).ok
        work.result(10)
    assert {blocker.state for blocker in _blockers(busy)} == {"active"}
    assert len(busy.of(Waiting)) > 1
    assert busy.has("a")


@pytest.fixture
def old(tmp_path: Path, server: Server) -> Iterator[Line]:
    """A server of our own, on which a table is so old that it must be frozen."""
    version = int(server.version.partition(".")[0])
    with open_server(Request(postgres=version)) as own:
        line = Line(tmp_path / "old", own, own.create())
        line.rows(
            "create table busy (n int) with (autovacuum_freeze_max_age = 100000,"
            " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
        )
        line.rows("insert into busy select generate_series(1, 60000)")
        line.rows(
            "do $$ begin for n in 1..100001 loop"
            " perform pg_current_xact_id(); commit; end loop; end $$"
        )
        line.rows("alter system set autovacuum_naptime = '1s'")
        line.rows("alter system set autovacuum = on")
        line.rows("select pg_reload_conf()")
        yield line


@pytest.mark.embedded
def test_a_vacuum_against_wraparound_is_named_and_not_ended(old: Line) -> None:
    """Another autovacuum gives way to who waits for it, but not this one."""
    old.add(FIRST, "create table a (n int);\nalter table busy add m int;\n")
    vacuum = (
        "select pid from pg_stat_activity where backend_type = 'autovacuum worker'"
        " and query like 'autovacuum: % public.busy (to prevent wraparound)'"
    )
    (pid,) = until(lambda: old.rows(vacuum), 60)[0]
    limits = Limits(wait=0, lock_timeout=1.5, lock_budget=1.5)
    with pytest.raises(LockNotObtained, match="not obtained") as failure:
        old.apply(limits=limits)
    told = failure.value.detail or ""
    assert f"pid {pid} (autovacuum worker, " in told
    assert "autovacuum: VACUUM" in told
    assert "public.busy (to prevent wraparound)" in told
    assert old.rows(vacuum) == [(pid,)]
    assert not old.has("a")
    old.add(FIRST, BUILD, "drop index concurrently busy_n;\n")
    with pytest.raises(LockNotObtained, match="not obtained") as failure:
        old.apply(limits=limits)
    assert f"pid {pid} (autovacuum worker, " in (failure.value.detail or "")
    assert old.rows(vacuum) == [(pid,)]
    assert not old.has("busy_n")


@pytest.fixture
def preparing(tmp_path: Path, server: Server) -> Iterator[Line]:
    """A server of our own, on which transactions can be prepared."""
    version = int(server.version.partition(".")[0])
    with open_server(Request(postgres=version)) as own:
        line = Line(tmp_path / "preparing", own, own.create())
        line.rows("create table busy (n int)")
        line.rows("alter system set max_prepared_transactions = 2")
        line.rows("alter system set wal_level = logical")
        own.crash()
        own.start()
        yield line


@pytest.mark.embedded
def test_a_prepared_transaction_is_named(preparing: Line) -> None:
    preparing.add(FIRST, "create table a (n int);\nalter table busy add m int;\n")
    for name, query in (("idle", "select 1"), ("of the bank", "select from busy")):
        with preparing.connect(autocommit=False) as session:
            session.execute(query.encode())
            session.execute(sql.SQL("prepare transaction {}").format(name))
    with pytest.raises(LockNotObtained) as failure:
        preparing.apply(limits=HASTY)
    assert re.search(
        r"In the way: the prepared transaction of the bank"
        r" \(postgres, prepared for \d s\)\.$",
        failure.value.detail or "",
    )
    preparing.rows("rollback prepared 'of the bank'")
    assert preparing.apply(limits=HASTY).ok
    preparing.rows("rollback prepared 'idle'")


BUILD = "-- transactional: false\ncreate index concurrently busy_n on busy (n);\n"


@pytest.mark.embedded
def test_a_prepared_transaction_that_holds_up_a_build_is_named(
    preparing: Line,
) -> None:
    preparing.add(FIRST, BUILD, "drop index concurrently busy_n;\n")
    for name, query in (("idle", "select 1"), ("bank", "insert into busy values (1)")):
        with preparing.connect(autocommit=False) as session:
            session.execute(query.encode())
            session.execute(sql.SQL("prepare transaction {}").format(name))
    with pytest.raises(LockNotObtained, match="older transactions did") as failure:
        preparing.apply(limits=replace(HASTY, concurrent_timeout=0.5))
    assert re.match(
        r"Wanted: the end of an older transaction\.\n"
        r"In the way: the prepared transaction bank \(postgres, prepared for \d s\)\.$",
        failure.value.detail or "",
    )
    preparing.rows("rollback prepared 'bank'")
    assert preparing.apply(limits=HASTY).ok
    preparing.rows("rollback prepared 'idle'")


@pytest.mark.embedded
def test_a_replication_that_holds_up_a_build_is_named_and_a_slot_is_not(
    preparing: Line,
) -> None:
    preparing.add(FIRST, BUILD, "drop index concurrently busy_n;\n")
    preparing.rows("select pg_create_physical_replication_slot('kept', true)")
    with preparing.connect(replication="database", application_name="copy") as session:
        session.pgconn.exec_(
            b"CREATE_REPLICATION_SLOT s TEMPORARY LOGICAL pgoutput (SNAPSHOT 'export')"
        )
        with pytest.raises(LockNotObtained, match="older transactions did") as failure:
            preparing.apply(limits=replace(HASTY, concurrent_timeout=0.5))
        pid = session.info.backend_pid
    assert f"In the way: pid {pid} (postgres, copy, " in (failure.value.detail or "")
    assert preparing.rows("select from pg_index where not indisvalid") == []
    assert preparing.state(FIRST) == "pending"
    assert preparing.apply(limits=HASTY).ok


def test_what_may_not_be_seen_of_a_blocker_is_not_made_up(
    busy: Line, server: Server
) -> None:
    name = sql.Identifier(busy.database)
    with server.connect(busy.database) as session:
        session.execute("create role owner_of_busy login password 'x'")
        session.execute(
            sql.SQL("alter database {} owner to owner_of_busy").format(name)
        )
        session.execute("alter table busy owner to owner_of_busy")
    plain = replace(
        busy.target,
        keywords={**busy.target.keywords, "user": "owner_of_busy", "password": "x"},
    )
    try:
        with (
            _holding(busy, "select from busy") as pid,
            pytest.raises(LockNotObtained) as failure,
        ):
            apply.run(
                busy.project,
                plain,
                apply.Options(limits=HASTY, allow_unverified=True),
                busy.events.append,
            )
    finally:
        with server.connect(busy.database) as session:
            session.execute("reassign owned by owner_of_busy to postgres")
            session.execute("drop owned by owner_of_busy; drop role owner_of_busy")
    assert (failure.value.detail or "").endswith(
        f"In the way: pid {pid} (postgres, reader): <insufficient privilege>."
    )


def test_the_application_never_queues_longer_than_an_attempt_may_wait(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a change waits for several locks, one after the other."""
    monkeypatch.setattr(bounds, "FIRST_TIMEOUT", 0.6)
    tables = ("calm", "busy", "busier")
    for table in tables:
        with line.connect() as session:
            session.execute(f"create table {table} (n int)".encode())
    line.add(FIRST, "".join(f"alter table {t} add m int;\n" for t in tables))
    longest, ended = [0.0], threading.Event()

    def application() -> None:
        with line.connect() as session:
            while not ended.is_set():
                started = time.perf_counter()
                session.execute("select from calm")
                longest[0] = max(longest[0], time.perf_counter() - started)
                time.sleep(0.005)

    with (
        _holding(line, "select from busier"),
        ThreadPoolExecutor() as pool,
        line.connect(autocommit=False) as reader,
    ):
        reader.execute("select from busy")
        limits = Limits(wait=0, lock_timeout=0.6, lock_budget=0.6)
        pool.submit(application)
        run = pool.submit(line.apply, limits=limits)
        until(lambda: line.rows("select 1 from pg_locks where not granted"))
        time.sleep(0.5)
        reader.rollback()
        with pytest.raises(LockNotObtained, match="not obtained"):
            run.result(20)
        ended.set()
    assert 0.5 < longest[0] < 0.95


def test_each_attempt_waits_longer_than_the_one_before_up_to_the_limit() -> None:
    waits = list(islice(Limits(lock_timeout=0.3).timeouts(), 9))
    assert waits[0] == bounds.FIRST_TIMEOUT
    assert waits == sorted(waits)
    assert waits[-2:] == [0.3, 0.3]
    assert list(islice(Limits(lock_timeout=0.01).timeouts(), 2)) == [0.01, 0.01]


def _calm_is_held(line: Line, blocker: str) -> list[bool]:
    """Apply in vain: whether `calm` was locked by us, each time that we waited."""
    held: list[bool] = []

    def look(event: object) -> None:
        if isinstance(event, Waiting) and not event.what.startswith("attempt"):
            query = "select 1 from pg_locks where relation = 'calm'::regclass"
            held.append(bool(line.rows(query)))

    limits = Limits(wait=0, lock_timeout=0.3, lock_budget=2)
    options = apply.Options(allow_unverified=True, limits=limits)
    with _holding(line, blocker), pytest.raises(LockNotObtained):
        apply.run(line.project, line.target, options, look)
    assert len(held) > 1
    return held


def test_what_was_waited_for_in_vain_is_locked_before_all_else(line: Line) -> None:
    """So that whoever waits for what we hold can get through with what we wait for."""
    line.rows("create table calm (n int); create schema s")
    line.rows('create table s."Busy" (n int)')
    line.add(FIRST, 'alter table calm add m int;\nalter table s."Busy" add m int;\n')
    first, *later = _calm_is_held(line, 'select from s."Busy"')
    assert first
    assert not any(later)
    assert line.apply(limits=PATIENT).ok


def test_what_was_waited_for_with_empty_hands_is_not_locked_any_earlier(
    line: Line,
) -> None:
    """Work that comes before it can take long, and would be done under the lock."""
    line.rows("create table calm (n int); create table busy (n int)")
    line.add(FIRST, "insert into calm values (1);\nalter table busy add m int;\n")
    assert all(_calm_is_held(line, "select from busy"))


def test_a_deadlock_is_retried_and_both_get_through(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "FIRST_TIMEOUT", 5.0)
    line.rows("create table one (n int); create table two (n int)")
    line.add(FIRST, "alter table one add m int;\nalter table two add m int;\n")
    with line.connect(autocommit=False) as other, ThreadPoolExecutor() as pool:
        other.execute("lock table two in share mode")
        run = pool.submit(line.apply, limits=Limits(lock_timeout=5, lock_budget=60))
        until(lambda: line.rows("select 1 from pg_locks where not granted"))
        other.execute("set deadlock_timeout = '10s'")
        other.execute("lock table one in share mode")
        other.commit()
        assert run.result(30).ok
    assert any(w.what.startswith("attempt 2 follows") for w in line.of(Waiting))


def test_the_application_does_not_lose_a_transaction_to_a_deadlock_with_us(
    busy: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits last, so it is the one that the server would end."""
    monkeypatch.setattr(bounds, "FIRST_TIMEOUT", 20)
    busy.rows("create table other as select 1 as n")
    busy.add(FIRST, "alter table other add m int;\nalter table busy add m int;\n")
    with (
        busy.connect(autocommit=False) as session,
        ThreadPoolExecutor() as pool,
    ):
        session.execute("update busy set n = 2")
        run = pool.submit(busy.apply, limits=Limits(lock_timeout=20))
        until(lambda: busy.of(Waiting))
        time.sleep(1.1)  # we look for a deadlock once, after a second
        session.execute("update other set n = 2")
        session.commit()
        assert run.result(30).ok
    assert busy.rows("select busy.n, other.n from busy, other") == [(2, 2)]


def test_of_many_in_the_way_some_are_told_and_the_others_counted() -> None:
    blocker = Blocker(1, "app", None, None, None, None, None)
    assert named([blocker] * 3) == "; ".join(["pid 1 (app)"] * 3)
    assert named([blocker] * 64).endswith("pid 1 (app); and 56 more")


def test_a_serialization_failure_is_retried(line: Line) -> None:
    line.rows("create table counted (n int); insert into counted values (1)")
    line.add(
        FIRST,
        "set transaction isolation level serializable;\n"
        "select 1;\nupdate counted set n = n + 1;\n",
    )
    done: list[bool] = []

    def interfere(event: Event) -> None:
        line.events.append(event)
        if isinstance(event, StatementDone) and event.number == 2 and not done:
            done.append(True)
            line.rows("update counted set n = 10")

    options = apply.Options(allow_unverified=True, limits=PATIENT)
    assert apply.run(line.project, line.target, options, interfere).ok
    assert line.rows("select n from counted") == [(11,)]


def test_a_check_that_cannot_get_its_lock_is_not_a_failed_check(line: Line) -> None:
    line.rows("create table busy (n int)")
    reads = check(
        "busy is empty", "select 'busy' as subject, 'has rows' as detail from busy"
    )
    line.add(FIRST, "create table a (n int);\n", verification=reads)
    with (
        _holding(line, "lock table busy in access exclusive mode") as pid,
        pytest.raises(LockNotObtained, match="not obtained") as failure,
    ):
        line.apply(limits=HASTY)
    assert f"pid {pid}" in (failure.value.detail or "")
    assert line.of(Checked) == []
    assert not line.has("a")


def test_checks_after_the_commit_that_cannot_be_asked_leave_it_applied(
    line: Line,
) -> None:
    line.rows("create table busy (n int)")
    reads = check(
        "busy is empty",
        "select 'busy' as subject, 'has rows' as detail from busy",
        after=True,
    )
    line.add(FIRST, "create table a (n int);\n", verification=reads)
    with (
        _holding(line, "lock table busy in access exclusive mode"),
        pytest.raises(LockNotObtained, match=f"{FIRST} is applied, and its checks"),
    ):
        line.apply(limits=HASTY)
    assert line.applied() == [FIRST]


def test_the_limits_are_told_beforehand(line: Line) -> None:
    line.table("a")
    line.apply(limits=HASTY)
    first = line.events[0]
    assert isinstance(first, Notice)
    assert "0.4 s at a time" in first.text


@pytest.mark.parametrize("wanted", ["busy", "idle"])
def test_who_has_queued_behind_a_change_goes_before_the_next(
    line: Line, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    line.rows("create table busy (); create table idle ()")
    line.add(FIRST, "alter table busy add n int;\nselect pg_sleep(0.5);\n")
    line.add("20260102_second", "create table b ();\n")
    pauses: list[float] = []
    monkeypatch.setattr(throttle, "sleep", pauses.append)

    def read() -> None:
        with line.connect() as other:
            until(
                lambda: line.rows(
                    "select 1 from pg_locks where relation = 'busy'::regclass"
                    " and mode = 'AccessExclusiveLock'"
                )
            )
            other.execute(sql.SQL("select from {}").format(sql.Identifier(wanted)))

    with ThreadPoolExecutor() as pool:
        reading = pool.submit(read)
        assert line.apply().ok
        reading.result()
    assert len(pauses) == (1 if wanted == "busy" else 0)
    assert all(0 < pause <= throttle.LONGEST for pause in pauses)


def test_a_budget_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)

    def locked() -> None:
        raise psycopg.errors.LockNotAvailable("it is locked")

    events: list[object] = []
    with pytest.raises(LockNotObtained, match=r"not obtained in \d+ attempts"):
        retried(locked, 2.0, events.append, budget=60)
    assert 4 <= len(pauses) <= 12
    assert min(pauses) >= 0.5
    assert max(pauses) <= 15
    assert sum(pauses) + 2 * (len(pauses) + 1) <= 60
    assert len(set(pauses)) == len(pauses)  # jitter
    assert len(events) == len(pauses)


def test_a_signal_during_a_look_ends_the_query_and_nothing_else(
    server: Server, database: str
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    conninfo = make_conninfo("", **server.conninfo(database))
    with Watched.connect(conninfo) as work:
        work.while_waiting = interrupted
        with pytest.raises(KeyboardInterrupt):
            work.execute("select pg_sleep(60)")
        work.while_waiting = None
        work.rollback()
        assert work.execute("select 1").fetchone() == (1,)


def test_a_signal_that_ends_the_reading_of_an_answer_ends_its_session(
    line: Line,
) -> None:
    def cut_off(reading: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        yield next(reading)
        raise KeyboardInterrupt

    with connect(line.target) as work:
        work.pgconn.send_query(b"select pg_sleep(60)")
        with pytest.raises(KeyboardInterrupt):
            work.wait(cut_off(generators.execute(work.pgconn)))
        assert work.broken


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select  1,\n 'a''b' -- x 'y\n from t", "select ?, ? from t"),
        (r"select e'it\'s' || 'secret'", "select ? || ?"),
        ("select $q$ it's $q$, $1, t1.c2", "select ?, $1, t1.c2"),
        ("select \"it's 1\", x'ff', 1.5e3 /* 's */", 'select "it\'s 1", x?, ?'),
        ("alter role a password 'cut off by the ser", "alter role a password ?"),
        (r"select 'c:\' , 'secret'", "select ?"),
        ("select $a$ cut $b$", "select ?"),
    ],
)
def test_the_values_in_a_query_are_not_shown(query: str, shown: str) -> None:
    assert redacted(query) == shown


def test_nothing_is_left_of_a_run_that_waited(busy: Line) -> None:
    with _holding(busy, "select from busy"), pytest.raises(LockNotObtained):
        busy.apply(limits=HASTY)
    query = (
        "select application_name from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    until(lambda: not busy.rows(query) and [True])
    assert exists("a")


def test_who_has_no_option_to_wait_longer_is_told_of_none(busy: Line) -> None:
    with _holding(busy, "lock table busy"), busy.connect() as session:
        session.execute("set lock_timeout = 50")
        with pytest.raises(LockNotObtained) as raised:
            retried(
                lambda: session.execute("select from busy"), 0.05, ignore, budget=0.05
            )
    assert raised.value.hint == "End what is in the way; then run again."
