"""Of several runners one is at work on a database, and no other goes beside it."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import sql

from tests.line import Line, until
from trunkline.errors import LockNotObtained
from trunkline.events import StatementDone, Waiting, ignore
from trunkline.limits import Limits
from trunkline.locks import RUNNER_KEY, WORKER_KEY
from trunkline.session import exclusive

FIRST = "20260101_first"
HASTY = Limits(wait=0, lock_timeout=0.4, lock_budget=0.4)


def test_a_second_runner_waits_and_then_finds_nothing_to_do(line: Line) -> None:
    line.add(FIRST, "create table a (n int);\nselect pg_sleep(1);\n")
    other = Line(line.root, line.server, line.database)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(line.apply)
        until(lambda: line.of(StatementDone))
        second = other.apply(limits=Limits(wait=20))
        assert first.result(20).applied == (FIRST,)
    assert second.applied == ()
    (waiting,) = other.of(Waiting)
    assert waiting.what == "another runner is at work on this database"
    assert re.match(r"pid \d+ \(postgres, trunkline, ", waiting.for_whom)


def test_a_second_runner_that_may_not_wait_gives_up(line: Line) -> None:
    line.table("a")
    with line.connect() as other:
        other.execute("select pg_advisory_lock(%s)", [RUNNER_KEY])
        with pytest.raises(LockNotObtained, match="another runner is at work") as error:
            line.apply(limits=HASTY)
        assert f"pid {other.info.backend_pid} " in (error.value.detail or "")
    assert error.value.exit_code == 3
    assert not line.has("a")


def test_the_session_of_a_killed_runner_is_waited_for(line: Line) -> None:
    line.table("a")
    with line.connect() as orphan:
        orphan.execute("select pg_advisory_lock(%s)", [WORKER_KEY])
        with pytest.raises(LockNotObtained, match="a runner that was killed"):
            line.apply(limits=HASTY)
        assert not line.has("a")
    assert line.apply().ok


def test_a_change_cannot_let_go_of_the_lock_of_its_session(line: Line) -> None:
    line.add(FIRST, "select pg_advisory_unlock_all();\n")
    line.add(
        "20260102_second",
        "create table held as select count(*) as n from pg_locks"
        " where locktype = 'advisory' and pid = pg_backend_pid();\n",
    )
    line.apply()
    assert line.rows("select n from held") == [(1,)]


def test_eight_runners_at_once_apply_each_change_exactly_once(line: Line) -> None:
    names = [f"table_{number}" for number in range(12)]
    for name in names:
        line.table(name)
    runners = [Line(line.root, line.server, line.database) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda runner: runner.apply(), runners))
    assert sorted(name for result in results for name in result.applied) == sorted(
        names
    )
    log = line.rows("select migration_id from _yoyo_log order by 1")
    assert [name for (name,) in log] == sorted(names)
    assert all(result.ok for result in results)


@pytest.mark.parametrize(
    "name",
    [
        "statement_timeout",
        "idle_session_timeout",
        "idle_in_transaction_session_timeout",
        pytest.param(
            "transaction_timeout", marks=[pytest.mark.embedded, pytest.mark.newest]
        ),
    ],
)
def test_a_time_out_that_is_meant_for_the_application_ends_no_run(
    line: Line, name: str
) -> None:
    with line.connect() as connection:
        connection.execute(
            sql.SQL("alter database {} set {} = '100ms'").format(
                sql.Identifier(line.database), sql.Identifier(name)
            )
        )
    with exclusive(line.target, "_yoyo_migration", emit=ignore) as session:
        for _ in range(2):
            time.sleep(0.3)
            with session.work.transaction():
                session.work.execute("select pg_sleep(0.3)")
                session.reset()
                time.sleep(0.3)
                session.work.execute("select 1")
        assert session.state().applied == set()
