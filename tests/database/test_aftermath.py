"""The connection is cut at the worst of moments: what is told, and what is true."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.line import Line, check, exists, until
from tests.proxy import Cut, proxy
from trunkline import apply, rollback
from trunkline.connect import Target
from trunkline.errors import Failure, Unreachable
from trunkline.events import ignore

FIRST = "20260101_first"
HEAD = "-- transactional: false\n"


def _after(mark: bytes, then: bytes) -> Cut:
    """Cut where a client says `then` the first time after it has said `mark`."""
    seen = [False, False]

    def cut(sent: bytes) -> bool:
        seen[0] = seen[0] or mark in sent
        if seen[0] and not seen[1] and then in sent:
            seen[1] = True
            return True
        return False

    return cut


@contextmanager
def _cut(line: Line, where: Cut, *, answered: bool) -> Iterator[Target]:
    keywords = line.target.keywords
    host, port = str(keywords["host"]), int(keywords["port"])
    with proxy(host, port, where, answered=answered) as between:
        behind = {**keywords, "host": "127.0.0.1", "port": between.at}
        yield replace(line.target, keywords=behind)
        assert between.cuts == 1


def _apply(line: Line, where: Target) -> apply.Result:
    return apply.run(line.project, where, apply.Options(allow_unverified=True), ignore)


def _roll_back(line: Line, where: Target) -> rollback.Result:
    plan = rollback.plan(line.project, where, rollback.Selection(last=1), None)
    return rollback.run(line.project, where, plan, rollback.Options(), ignore)


@pytest.fixture
def one(line: Line) -> Line:
    """A change that makes a table."""
    line.add(FIRST, "create table a (n int);\n", "drop table a;\n", exists("a"))
    return line


def test_a_commit_whose_answer_was_lost_is_told_as_applied(one: Line) -> None:
    with (
        _cut(one, _after(b"create table a", b"commit;"), answered=True) as where,
        pytest.raises(Failure, match=r"connection to \S+ was lost") as failure,
    ):
        _apply(one, where)
    told = failure.value.detail or ""
    assert told.startswith(f"{FIRST} is applied: its commit had come through.")
    assert "trunkline verify" in (failure.value.hint or "")
    assert one.state(FIRST) == "applied"
    assert one.has("a")
    assert one.apply().applied == ()


def test_a_commit_that_was_never_sent_is_told_as_nothing(one: Line) -> None:
    with (
        _cut(one, _after(b"create table a", b"commit;"), answered=False) as where,
        pytest.raises(Failure, match=r"connection to \S+ was lost") as failure,
    ):
        _apply(one, where)
    told = failure.value.detail or ""
    assert told.startswith(f"{FIRST} has not been applied; nothing has happened.")
    assert one.state(FIRST) == "pending"
    assert not one.has("a")
    assert one.apply().applied == (FIRST,)


@pytest.mark.parametrize(("answered", "done"), [(True, True), (False, False)])
def test_a_rollback_whose_commit_was_cut_off_is_told_as_it_is(
    one: Line, answered: bool, done: bool
) -> None:
    assert one.apply().ok
    with (
        _cut(one, _after(b"drop table a", b"commit;"), answered=answered) as where,
        pytest.raises(Failure, match=r"connection to \S+ was lost") as failure,
    ):
        _roll_back(one, where)
    told = failure.value.detail or ""
    word = "is rolled back: its commit" if done else "has not been rolled back"
    assert told.startswith(f"{FIRST} {word}")
    assert one.state(FIRST) == ("pending" if done else "applied")
    assert one.has("a") is not done
    assert one.apply().ok
    assert one.state(FIRST) == "applied"
    assert one.has("a")


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize(
    ("mark", "then", "on_record"),
    [
        (b"create table b", b"COMMIT", 1),
        (b"create index concurrently", b"create index", 2),
        (b"create index concurrently", b"trunkline.progress", 2),
        (b"create index concurrently", b"COMMIT", 2),
        (b"vacuum a", b"vacuum a", 3),
        (b"vacuum a", b"COMMIT", 3),
        (b"insert into a", b"COMMIT", 4),
        (b"insert into a", b"_yoyo_log", 5),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else str(value),
)
def test_a_change_that_is_not_transactional_goes_on_after_any_cut(
    line: Line, answered: bool, mark: bytes, then: bytes, on_record: int
) -> None:
    line.add(
        FIRST,
        f"{HEAD}create table a (n int);\ncreate table b (n int);\n"
        "create index concurrently a_n on a (n);\nvacuum a;\n"
        "insert into a values (1);\n",
        "drop table b;\ndrop table a;\n",
        exists("a"),
    )
    with (
        _cut(line, _after(mark, then), answered=answered) as where,
        pytest.raises(Failure, match=r"connection to \S+ was lost") as failure,
    ):
        _apply(line, where)
    told = failure.value.detail or ""
    assert f"of the 5 statements of migrations/{FIRST}.sql are on record." in told
    assert int(told.split()[0]) in (on_record, on_record + 1)
    assert line.state(FIRST) == "partly applied"
    assert line.apply().ok
    assert line.state(FIRST) == "applied"
    assert line.rows("select n from a") == [(1,)]
    whole = "select indisvalid from pg_index where indrelid = 'a'::regclass"
    assert line.rows(whole) == [(True,)]
    assert line.rows("select from trunkline.progress") == []


def test_a_last_answer_that_was_lost_is_told_as_applied(line: Line) -> None:
    line.add(FIRST, f"{HEAD}create table a (n int);\n", "drop table a;\n", exists("a"))
    with (
        _cut(line, _after(b'"_yoyo_log"', b"COMMIT"), answered=True) as where,
        pytest.raises(Failure, match=r"connection to \S+ was lost") as failure,
    ):
        _apply(line, where)
    assert (failure.value.detail or "").startswith(f"{FIRST} is applied: its commit")
    assert line.state(FIRST) == "applied"


@pytest.mark.embedded
@pytest.mark.newest
def test_a_time_out_that_ends_the_session_is_told_as_a_lost_connection(
    line: Line,
) -> None:
    line.add(
        "a",
        "create table a (n int);\nset local transaction_timeout = '100ms';\n"
        "select pg_sleep(2);\n",
    )
    with pytest.raises(Failure, match=r"the connection to .* was lost") as failure:
        line.apply()
    assert "a has not been applied; nothing has happened." in str(failure.value.detail)
    assert "due to transaction timeout" in str(failure.value.detail)
    assert line.state("a") == "pending"


def _end(line: Line, query: str, *, session: bool = False) -> None:
    """Cancel the one query of ours that has these words, or end its session."""
    active = (
        "select pid from pg_stat_activity where wait_event_type in ('Lock', 'Timeout')"
        " and datname = current_database() and application_name = 'trunkline'"
        " and query like '%%' || %s || '%%'"
    )
    ((pid,),) = until(lambda: line.rows(active, query))
    if session:
        line.rows("select pg_terminate_backend(%s)", pid)
    else:
        line.rows("select pg_cancel_backend(%s)", pid)


def test_what_only_reads_and_is_cancelled_is_told_as_that(one: Line) -> None:
    one.apply()
    with (
        one.connect(autocommit=False) as other,
        ThreadPoolExecutor() as pool,
    ):
        other.execute("lock table _yoyo_migration")
        for command in (one.applied, one.rollback):
            reading = pool.submit(command)
            _end(one, "y.migration_id")
            with pytest.raises(Failure, match=r"^cancelled on .*@") as failure:
                reading.result(30)
            assert "due to user request" in str(failure.value.detail)
        reading = pool.submit(one.applied)
        _end(one, "y.migration_id", session=True)
        with pytest.raises(Unreachable, match="was lost") as failure:
            reading.result(30)
    reason = "terminating connection due to administrator command"
    assert failure.value.detail == reason


def test_checks_after_the_commit_that_are_cancelled_leave_it_applied(
    line: Line,
) -> None:
    slow = "select '' as subject, pg_sleep(20)::text as detail"
    line.add(FIRST, "create table a (n int);\n", None, check("slow", slow, after=True))
    with ThreadPoolExecutor() as pool:
        run = pool.submit(line.apply)
        _end(line, "pg_sleep")
        with pytest.raises(Failure, match="is applied, and its checks after") as told:
            run.result(30)
    assert told.value.hint == "Run `trunkline verify`."
    assert line.state(FIRST) == "applied"
