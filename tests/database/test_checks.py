"""Checks only read, and one that errs spoils no other."""

from __future__ import annotations

import psycopg
import pytest

from trunkline import checks
from trunkline.events import Checked, CheckResult, Event, ignore
from trunkline.verification import Check


def check(query: str) -> Check:
    return Check("all is well", False, query, "verification/a.sql", 2)


PASSES = check("select 'x' as subject, 'y' as detail where false")
FINDS = check("select 'x' as subject, 'y' as detail")
ERRS = check("select 1 / 0 as subject, 'y' as detail")
WRITES = check("select n::text as subject, 'y' as detail from drop_all() as d (n)")
MISNAMED = check("select 1 as one, 2 as two")


def outcome(results: tuple[CheckResult, ...]) -> list[str]:
    return [
        "passed" if r.passed else "error" if r.error is not None else "found"
        for r in results
    ]


@pytest.fixture
def rooms(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute("create table rooms (n int); insert into rooms values (1)")
    connection.execute(
        "create function drop_all() returns setof int language sql"
        " as 'delete from rooms returning n'"
    )
    return connection


@pytest.mark.parametrize("in_transaction", [False, True])
def test_together_they_give_what_they_give_alone(
    rooms: psycopg.Connection, in_transaction: bool
) -> None:
    every = [PASSES, FINDS, ERRS, WRITES, MISNAMED, PASSES]
    if in_transaction:
        rooms.execute("begin")
    alone = checks.run(rooms, "a", every, ignore)
    together = checks.run_together(rooms, [("a", one) for one in every], ignore)
    assert outcome(alone) == outcome(together)
    assert outcome(alone) == ["passed", "found", "error", "error", "error", "passed"]
    assert rooms.execute("select count(*) from rooms").fetchone() == (1,)
    assert rooms.execute("show transaction_read_only").fetchone() == ("off",)
    if in_transaction:
        rooms.execute("insert into rooms values (2); commit")


def test_each_is_told_once(rooms: psycopg.Connection) -> None:
    for every in ([PASSES, FINDS], [PASSES, ERRS]):
        events: list[Event] = []
        checks.run_together(rooms, [("a", one) for one in every], events.append)
        assert [type(event) for event in events] == [Checked, Checked]
    assert checks.run_together(rooms, [], ignore) == ()


def test_where_none_errs_no_check_is_asked_twice(rooms: psycopg.Connection) -> None:
    named = [("a", PASSES), ("b", FINDS)]
    results = checks.run_together(rooms, named, ignore)
    assert outcome(results) == ["passed", "found"]
    assert len({result.seconds for result in results}) == 1, "each was timed alone"
