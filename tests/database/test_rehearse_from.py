"""What is pending on a real database, rehearsed on a copy of it."""

from __future__ import annotations

import pytest

from tests.line import Line, exists
from tests.projects import write
from trunkline import rehearsal
from trunkline.copying import Wanted
from trunkline.copying.origin import Live
from trunkline.errors import UsageError
from trunkline.events import CopyBegins, Notice
from trunkline.rehearsal.result import RehearsalReport
from trunkline.throwaway import Request

pytestmark = pytest.mark.embedded  # its client programs are at hand

ROOMS, NAMES, LAST = "20260101_rooms", "20260102_names", "last"
NAMED = (
    "-- check: rooms have names\n"
    "select 'rooms' as subject, 'no names' as detail where not exists (select from"
    " pg_attribute where attrelid = 'public.rooms'::regclass and attname = 'name');\n"
)


@pytest.fixture
def live(line: Line) -> Line:
    """A database with a table that has a row, and one change that is pending on it.

    Fixtures that would fail show that none is loaded.
    """
    up, down = "create table public.rooms (id int);\n", "drop table public.rooms;\n"
    line.add(ROOMS, up, down, exists("public.rooms"))
    assert line.apply().ok
    line.rows("insert into public.rooms values (1)")
    line.add(
        NAMES,
        "alter table public.rooms add column name text not null default 'x';\n",
        "alter table public.rooms drop column name;\n",
        NAMED,
    )
    bad = "insert into no_such_table values (1);\n"
    write(line.root, {f"verification/fixtures/{n}.sql": bad for n in (ROOMS, NAMES)})
    line.events.clear()
    return line


def rehearse(live: Line, *ids: str, rows: int | None = None) -> RehearsalReport:
    return rehearsal.run(
        live.project,
        Request(on=live.server.environment(live.database)["DATABASE_URL"]),
        ids,
        allow_unverified=True,
        emit=live.events.append,
        wanted=Wanted(Live(live.target), rows, "_yoyo_migration"),
    )


def verdicts(report: RehearsalReport) -> dict[str, str]:
    return {change.id: str(change.verdict) for change in report.changes}


def everything(live: Line) -> object:
    return live.rows(
        "select (select count(*) from public.rooms), (select count(*) from"
        " trunkline.applied), (select count(*) from pg_class),"
        " (select count(*) from _yoyo_log)"
    )


@pytest.mark.parametrize("rows", [None, 1, 0])
def test_what_is_pending_is_rehearsed_and_nothing_is_written(
    rows: int | None, live: Line
) -> None:
    before = everything(live)
    report = rehearse(live, rows=rows)
    assert verdicts(report) == {NAMES: "exact"}
    assert report.copied is not None
    assert report.copied.source == live.target.label
    assert everything(live) == before
    assert [event.source for event in live.of(CopyBegins)] == [live.target.label]


def test_the_rows_that_are_there_decide(live: Line) -> None:
    live.add(NAMES, "alter table public.rooms add column name text not null;\n")
    assert verdicts(rehearse(live, rows=0))[NAMES] != "up_failed"
    assert verdicts(rehearse(live))[NAMES] == "up_failed"


def test_a_function_of_the_copy_may_keep_the_server_from_counting(live: Line) -> None:
    live.rows(
        "create function public.quietly(text) returns void language plpgsql"
        " set track_counts = off as 'begin execute $1; end'"
    )
    live.add(
        LAST,
        "-- transactional: false\n"
        "select public.quietly('insert into public.rooms values (2)');\n",
        "select 'the row stays';\n",
    )
    assert verdicts(rehearse(live))[LAST] == "data_lost"


def test_a_bad_change_does_not_spoil_the_next(live: Line) -> None:
    live.add(NAMES, "select 1 / 0;\n")
    live.table(LAST)
    assert verdicts(rehearse(live)) == {NAMES: "up_failed", LAST: "exact"}


def test_where_nothing_is_pending_nothing_is_rehearsed(live: Line) -> None:
    live.remove(NAMES)
    report = rehearse(live)
    assert report.changes == ()
    assert report.ok


def test_a_change_that_is_there_already_is_not_rehearsed(live: Line) -> None:
    with pytest.raises(UsageError, match=f"{ROOMS} is applied on .* already"):
        rehearse(live, ROOMS)


def test_a_change_that_is_half_there_is_to_be_finished_there(live: Line) -> None:
    live.rows(
        "insert into trunkline.progress (id, direction, statement, statement_sha256)"
        " values (%s, 'up', 1, repeat('0', 64))",
        NAMES,
    )
    with pytest.raises(UsageError, match=f"{NAMES} is half applied on "):
        rehearse(live)


def test_a_database_of_another_project_is_not_rehearsed(live: Line) -> None:
    live.remove(ROOMS)
    with pytest.raises(UsageError, match=f"changes that this project has not: {ROOMS}"):
        rehearse(live)


def test_no_change_is_blamed_for_a_check_that_fails_as_it_is(live: Line) -> None:
    live.rows("alter table public.rooms rename to chambers")
    live.remove(NAMES)
    live.table(LAST)
    assert verdicts(rehearse(live)) == {LAST: "exact"}
    assert [notice.text for notice in live.of(Notice)] == [
        f"verification/{ROOMS}.sql:2 fails on the copy as it is: public.rooms exists"
    ]
