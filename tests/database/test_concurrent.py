"""Statements beside the application: waited for, cleaned up, recorded when whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.line import Line, exists
from trunkline import apply
from trunkline.errors import Failure, LockNotObtained, StatementFailed, UsageError
from trunkline.events import Blocker, Event, IndexProgress, Notice, Waiting
from trunkline.limits import Limits

FIRST = "20260101_first"
HEAD = "-- transactional: false\n"
#: A second is longer than the time-out of locks and shorter than the other.
PATIENT = Limits(lock_timeout=0.2, lock_budget=5, concurrent_timeout=20)
HASTY = Limits(lock_timeout=0.2, lock_budget=0.2, concurrent_timeout=0.5)
BUILD = "create index concurrently busy_n on busy (n);\n"


@pytest.fixture
def busy(line: Line) -> Line:
    """A table that is there, with an index."""
    line.rows("create table busy (n int, m int);")
    line.rows("insert into busy select n, n from generate_series(1, 2000) as n")
    line.rows("create index busy_m on busy (m)")
    return line


def _up(line: Line, up: str, down: str = "select 1;\n", check: str = "") -> None:
    line.add(FIRST, HEAD + up, down, check)


@contextmanager
def _snapshot(line: Line, query: str = "select 1") -> Iterator[psycopg.Connection]:
    """A transaction with a snapshot: what is built beside it must wait for it."""
    with line.connect(autocommit=False, application_name="report") as session:
        session.execute("set transaction isolation level repeatable read")
        session.execute(query.encode())
        yield session


def _until(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.01)
    return answer


def _waiting(line: Line, work: str) -> int:
    """The pid of ours that waits for an older transaction, once it does."""
    query = (
        "select pid from pg_stat_activity where datname = current_database()"
        " and wait_event = 'virtualxid' and query ilike %s"
    )
    return int(_until(lambda: line.rows(query, f"{work}%"))[0][0])


def _invalid(line: Line) -> list[str]:
    rows = line.rows(
        "select c.relname from pg_index as i join pg_class as c on c.oid = i.indexrelid"
        " where not (i.indisvalid and i.indisready and i.indislive) order by 1"
    )
    return [name for (name,) in rows]


def _indexes(line: Line) -> list[str]:
    rows = line.rows(
        "select indexrelid::regclass::text from pg_index"
        " where indrelid = 'busy'::regclass order by 1"
    )
    return [name for (name,) in rows]


def _blockers(line: Line) -> list[Blocker]:
    return [b for waiting in line.of(Waiting) for b in waiting.blockers]


def _notices(line: Line) -> str:
    return "\n".join(notice.text for notice in line.of(Notice))


def _cut_off(line: Line, work: str) -> None:
    """Apply, and have the server end the session while it waits for a snapshot."""
    with (
        _snapshot(line, "select from busy limit 1") as older,
        ThreadPoolExecutor() as pool,
    ):
        run: Future[apply.Result] = pool.submit(line.apply, limits=PATIENT)
        pid = _waiting(line, work)
        line.rows("select pg_terminate_backend(%s)", pid)
        with pytest.raises(Failure, match=r"the connection to .* was lost"):
            run.result(30)
        older.rollback()


def test_a_build_waits_for_an_old_snapshot_longer_than_for_locks(busy: Line) -> None:
    _up(busy, BUILD, check=exists("busy_n"))
    with _snapshot(busy) as older, ThreadPoolExecutor() as pool:
        pid = older.info.backend_pid
        run = pool.submit(busy.apply, limits=PATIENT)
        _waiting(busy, "create index")
        time.sleep(1)
        assert not run.done()
        older.rollback()
        assert run.result(20).ok
    blocker = _blockers(busy)[0]
    assert (blocker.pid, blocker.application) == (pid, "report")
    assert busy.of(Waiting)[0].what == "the end of an older transaction"
    assert "waiting for old snapshots" in {e.phase for e in busy.of(IndexProgress)}
    assert _invalid(busy) == []
    assert busy.state(FIRST) == "applied"


SEEN = "create table seen as select current_setting('wal_compression') as value;\n"


def test_a_build_writes_less_wal_until_the_next_change(busy: Line) -> None:
    _up(busy, SEEN + BUILD + SEEN.replace("seen", "seen_after"))
    busy.add("20260102_next", SEEN.replace("seen", "seen_later"))
    assert busy.apply().ok
    before, after, later = (
        busy.rows(f"select value from {name}")[0][0]
        for name in ("seen", "seen_after", "seen_later")
    )
    assert (before, later) == ("off", "off")
    assert after in {"lz4", "pglz"}


def test_what_a_change_says_of_its_wal_is_kept(busy: Line) -> None:
    _up(busy, "set wal_compression = off;\n" + BUILD + SEEN)
    assert busy.apply().ok
    assert busy.rows("select value from seen") == [("off",)]


def test_what_a_role_says_of_its_wal_is_kept(busy: Line) -> None:
    busy.rows(
        f"alter role postgres in database {busy.database} set wal_compression = off"
    )
    _up(busy, BUILD + SEEN)
    assert busy.apply().ok
    assert busy.rows("select value from seen") == [("off",)]


def test_who_may_not_say_how_wal_is_written_builds_all_the_same(busy: Line) -> None:
    busy.rows("grant all on schema public to pg_monitor")
    busy.rows("alter table busy owner to pg_monitor")
    _up(busy, "set role pg_monitor;\n" + BUILD + SEEN)
    assert busy.apply().ok
    assert busy.rows("select value from seen") == [("off",)]


def test_a_build_that_waits_too_long_leaves_nothing(busy: Line) -> None:
    _up(busy, BUILD)
    with _snapshot(busy) as older:
        told = _given_up(busy)
        pid = older.info.backend_pid
    assert f"pid {pid} (postgres, report, " in told
    assert "the end of an older transaction" in told
    assert _indexes(busy) == ["busy_m"]
    assert busy.state(FIRST) == "pending"


def test_what_cannot_be_cleared_away_at_once_is_dropped_by_the_next_run(
    busy: Line,
) -> None:
    _up(busy, BUILD)
    with _snapshot(busy, "select from busy limit 1"):
        _given_up(busy)
    assert _invalid(busy) == ["busy_n"]
    assert "public.busy_n is left invalid; the next run drops it" in _notices(busy)
    assert busy.state(FIRST) == "partly applied"
    assert busy.apply(limits=PATIENT).ok
    assert "dropped public.busy_n" in _notices(busy)
    assert (_invalid(busy), _indexes(busy)) == ([], ["busy_m", "busy_n"])


LEFT = "public.busy_n is left invalid; the next run drops it first"


@pytest.mark.parametrize(
    ("reads", "times", "told"),
    [
        ("select 1", 1, "dropped public.busy_n, which had been left invalid"),
        ("select from busy", 1, LEFT),
        ("select from busy", 2, LEFT),
    ],
)
def test_a_build_that_is_ended_by_its_user_is_cleared_away_or_told(
    busy: Line, reads: str, times: int, told: str
) -> None:
    _up(busy, BUILD)

    def end(event: Event) -> None:
        busy.events.append(event)
        if len(busy.of(Waiting)) <= times and isinstance(event, Waiting):
            raise KeyboardInterrupt

    options = apply.Options(allow_unverified=True, limits=PATIENT)
    with _snapshot(busy, reads), pytest.raises(KeyboardInterrupt):
        apply.run(busy.project, busy.target, options, end)
    assert told in _notices(busy)
    assert _invalid(busy) == ([] if "dropped" in told else ["busy_n"])
    assert busy.apply().ok
    assert _indexes(busy) == ["busy_m", "busy_n"]


def test_a_build_that_was_cut_off_is_dropped_and_built_again(busy: Line) -> None:
    _up(busy, BUILD)
    _cut_off(busy, "create index")
    assert _invalid(busy) == ["busy_n"]
    assert busy.state(FIRST) == "partly applied"
    assert busy.apply(limits=PATIENT).ok
    assert (_invalid(busy), _indexes(busy)) == ([], ["busy_m", "busy_n"])


def test_if_not_exists_does_not_take_our_own_remains_for_the_index(busy: Line) -> None:
    _up(busy, "create index concurrently if not exists busy_n on busy (n);\n")
    _cut_off(busy, "create index")
    assert _invalid(busy) == ["busy_n"]
    assert busy.apply(limits=PATIENT).ok
    assert _invalid(busy) == []


def test_a_build_that_had_finished_before_the_cut_is_not_built_again(
    busy: Line,
) -> None:
    _up(busy, BUILD + "select nowhere;\n")
    with pytest.raises(StatementFailed):
        busy.apply(limits=PATIENT)
    busy.rows("update trunkline.progress set finished_at = null")
    (before,) = busy.rows("select 'busy_n'::regclass::oid")
    _up(busy, BUILD + "select 1;\n")
    assert busy.apply(limits=PATIENT).ok
    assert busy.rows("select 'busy_n'::regclass::oid") == [before]
    assert "finished by a run that was cut off" in _notices(busy)


def test_an_invalid_index_of_somebody_else_is_told_and_left(busy: Line) -> None:
    busy.rows("insert into busy values (1, 1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        busy.rows("create unique index concurrently busy_n on busy (n)")
    _up(busy, BUILD)
    with pytest.raises(Failure, match=r"invalid index public\.busy_n that this"):
        busy.apply(limits=PATIENT)
    assert _invalid(busy) == ["busy_n"]
    busy.rows("drop index busy_n")
    assert busy.apply(limits=PATIENT).ok


def test_duplicates_leave_nothing_invalid_and_are_told(busy: Line) -> None:
    busy.rows("insert into busy values (1, 0), (1, 0), (7, 0), (9000, 0)")
    busy.rows("insert into busy values (null, 0), (null, 0)")
    up = "create unique index concurrently busy_n on busy (n) where n < 5000;\n"
    _up(busy, up)
    with pytest.raises(
        StatementFailed, match=r"first\.sql:2: could not create uni"
    ) as f:
        busy.apply(limits=PATIENT)
    assert f.value.sqlstate == "23505"
    assert "n = 1 (3 rows)" in str(f.value.detail)
    assert "n = 7 (2 rows)" in str(f.value.detail)
    assert "9000" not in str(f.value.detail)
    assert (_invalid(busy), _indexes(busy)) == ([], ["busy_m"])
    assert busy.state(FIRST) == "pending"
    busy.rows("delete from busy where m = 0")
    assert busy.apply(limits=PATIENT).ok


def test_an_index_without_a_name_is_refused(busy: Line) -> None:
    _up(busy, "create table a (n int);\ncreate index concurrently on busy (n);\n")
    with pytest.raises(UsageError, match=r"first\.sql:3: an index .* no name"):
        busy.apply()
    assert not busy.has("a")


def test_an_index_of_that_name_on_another_table_is_not_recorded_as_ours(
    busy: Line,
) -> None:
    busy.rows("create table other (n int); create index busy_n on other (n)")
    _up(busy, "create index concurrently if not exists busy_n on busy (n);\n")
    with pytest.raises(Failure, match='no index busy_n on "busy"'):
        busy.apply()
    assert busy.applied() == []


def test_a_drop_that_was_cut_off_is_finished(busy: Line) -> None:
    _up(busy, "drop index concurrently busy_m;\n")
    _cut_off(busy, "drop index")
    assert _invalid(busy) == ["busy_m"]
    assert busy.apply(limits=PATIENT).ok
    assert _indexes(busy) == []


def test_a_drop_that_waits_too_long_is_told_and_finished_later(busy: Line) -> None:
    _up(busy, "drop index concurrently busy_m;\n")
    with _snapshot(busy, "select from busy limit 1"):
        _given_up(busy)
    assert '"busy_m" is half dropped' in _notices(busy)
    assert busy.state(FIRST) == "partly applied"
    assert busy.apply(limits=PATIENT).ok
    assert _indexes(busy) == []


@pytest.mark.parametrize("what", ["index busy_m", "table busy", "schema public"])
def test_a_reindex_that_was_cut_off_leaves_nothing_of_its_own(
    busy: Line, what: str
) -> None:
    _up(busy, f"reindex {what.replace(' ', ' concurrently ')};\n")
    _cut_off(busy, "reindex")
    assert _invalid(busy) == ["busy_m_ccnew"]
    assert busy.apply(limits=PATIENT).ok
    assert (_invalid(busy), _indexes(busy)) == ([], ["busy_m"])


def test_a_reindex_leaves_what_another_reindex_has_left(busy: Line) -> None:
    with _snapshot(busy, "select from busy limit 1"), ThreadPoolExecutor() as pool:
        other = pool.submit(busy.rows, "reindex (concurrently) index busy_m")
        busy.rows("select pg_terminate_backend(%s)", _waiting(busy, "reindex"))
        with pytest.raises(psycopg.OperationalError):
            other.result(10)
    assert _invalid(busy) == ["busy_m_ccnew"]
    _up(busy, "reindex (concurrently) index busy_m;\n")
    assert busy.apply(limits=PATIENT).ok
    assert _indexes(busy) == ["busy_m", "busy_m_ccnew"]


@pytest.fixture
def parted(line: Line) -> Line:
    """A partitioned table called `busy`, with two partitions."""
    line.rows(
        "create table busy (n int, m int) partition by list (n);"
        " create table busy_1 partition of busy for values in (1);"
        " create table busy_2 partition of busy for values in (2)"
    )
    return line


def _partitions(line: Line) -> list[tuple[str, bool]]:
    return line.rows(
        "select inhrelid::regclass::text, inhdetachpending from pg_inherits order by 1"
    )


def test_a_detachment_that_was_cut_off_is_finished(parted: Line) -> None:
    _up(parted, "alter table busy detach partition busy_1 concurrently;\n")
    _cut_off(parted, "alter table")
    assert _partitions(parted) == [("busy_1", True), ("busy_2", False)]
    assert parted.state(FIRST) == "partly applied"
    assert parted.apply(limits=PATIENT).ok
    assert _partitions(parted) == [("busy_2", False)]
    assert parted.has("busy_1")


def test_a_detachment_waits_for_older_transactions_and_names_them(parted: Line) -> None:
    _up(parted, "alter table busy detach partition busy_1 concurrently;\n")
    with _snapshot(parted, "select from busy") as older:
        told = _given_up(parted)
        assert f"pid {older.info.backend_pid} " in told
    assert parted.apply(limits=PATIENT).ok
    assert _partitions(parted) == [("busy_2", False)]


def test_a_rollback_that_drops_beside_the_application_is_watched_too(
    busy: Line,
) -> None:
    _up(busy, BUILD, "drop index concurrently busy_n;\n", exists("busy_n"))
    assert busy.apply().ok
    with (
        _snapshot(busy, "select from busy limit 1") as older,
        ThreadPoolExecutor() as pool,
    ):
        pid = older.info.backend_pid
        run = pool.submit(busy.rollback, FIRST, limits=PATIENT)
        _waiting(busy, "drop index")
        time.sleep(0.5)
        older.rollback()
        assert run.result(20).ok
    assert pid in {b.pid for b in _blockers(busy)}
    assert _indexes(busy) == ["busy_m"]


def test_a_lock_of_the_table_itself_is_given_up_within_the_lock_timeout(
    busy: Line,
) -> None:
    """The application would queue behind it, whatever an older transaction may get."""
    _up(busy, BUILD)
    limits = Limits(lock_timeout=0.3, lock_budget=0.3)
    started = time.monotonic()
    with (
        _locked(busy) as pid,
        pytest.raises(LockNotObtained, match="a lock") as failure,
    ):
        busy.apply(limits=limits)
    assert time.monotonic() - started < 5
    assert f"pid {pid} " in str(failure.value.detail)
    assert busy.state(FIRST) == "pending"


def _given_up(line: Line) -> str:
    """What a run says that has waited for older transactions, and for no lock."""
    with pytest.raises(LockNotObtained, match="older transactions did not") as failure:
        line.apply(limits=HASTY)
    return str(failure.value.detail)


@contextmanager
def _locked(line: Line) -> Iterator[int]:
    with line.connect(autocommit=False) as session:
        session.execute("lock table busy in share row exclusive mode")
        yield session.info.backend_pid
