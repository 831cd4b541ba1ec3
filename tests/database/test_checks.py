"""Checks only read, and one that errs spoils no other."""

from __future__ import annotations

import psycopg
import pytest

from trunkline import checks
from trunkline.checks import Plans
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
@pytest.mark.parametrize("kept", [False, True])
def test_together_they_give_what_they_give_alone(
    rooms: psycopg.Connection, in_transaction: bool, kept: bool
) -> None:
    every = [PASSES, FINDS, ERRS, WRITES, MISNAMED, PASSES]
    if in_transaction:
        rooms.execute("begin")
    alone = checks.run(rooms, "a", every, ignore)
    plans = Plans() if kept else None
    together = checks.run_together(rooms, [("a", one) for one in every], ignore, plans)
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


@pytest.mark.parametrize(
    ("alteration", "expected"),
    [
        ("insert into rooms values (2)", "found"),
        (
            "drop view many; insert into rooms values (2);"
            " alter table rooms alter column n type text",
            "found",
        ),
        ("create or replace view many as select n from rooms", "found"),
        ("drop view many", "error"),
        ("set search_path = pg_catalog", "error"),
    ],
)
def test_a_plan_that_is_kept_sees_what_is_altered(
    rooms: psycopg.Connection, alteration: str, expected: str
) -> None:
    rooms.execute("create view many as select n from rooms where n > 1")
    query = "rooms where n::int > 1" if "table" in alteration else "many"
    named = [("a", check(f"select n as subject, 'y' as detail from {query}"))]
    plans = Plans()
    before = checks.run_together(rooms, named, ignore, plans)
    rooms.execute(alteration.encode())
    after = [checks.run_together(rooms, named, ignore, plans) for _ in range(2)]
    found = [outcome(results) for results in (before, *after)]
    assert found == [["passed"], [expected], [expected]]


def test_where_none_errs_no_check_is_asked_twice(rooms: psycopg.Connection) -> None:
    named = [("a", PASSES), ("b", FINDS)]
    results = checks.run_together(rooms, named, ignore)
    assert outcome(results) == ["passed", "found"]
    assert len({result.seconds for result in results}) == 1, "each was timed alone"


def test_a_plan_that_no_longer_serves_is_made_anew(rooms: psycopg.Connection) -> None:
    named = [
        ("a", check("select n as subject, 'y' as detail from rooms")),
        ("b", FINDS),
    ]
    plans = Plans()
    checks.run_together(rooms, named, ignore, plans)
    rooms.execute("alter table rooms alter column n type text")
    alone = checks.run_together(rooms, named, ignore, plans)
    assert outcome(alone) == ["found", "found"]
    together = checks.run_together(rooms, named, ignore, plans)
    assert len({result.seconds for result in together}) == 1, "each was timed alone"
