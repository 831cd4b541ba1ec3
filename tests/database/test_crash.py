"""Runs that are ended at every point, and what the next run makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.projects import change, write
from trunkline import project
from trunkline.events import ignore
from trunkline.rehearsal.crash import playing
from trunkline.rehearsal.crash.figures import WAYS, ChangeCrashes
from trunkline.throwaway import Request, Server, open_server

pytestmark = pytest.mark.embedded

INI = {"yoyo.ini": "[DEFAULT]\nsources = %(here)s/migrations\n"}
BASE = change(
    "20260101_base",
    "create table t (id bigint generated always as identity, n int, at timestamptz);\n"
    "create procedure fill() language plpgsql as $$\nbegin\n"
    "    insert into t (n) select generate_series(1, 3);\n    commit;\nend\n$$;\n",
    "drop procedure fill;\ndrop table t;\n",
)
FIXTURE = {"verification/fixtures/20260101_base.sql": "insert into t (n) values (7);\n"}
NAME = "20260102_change"


@pytest.fixture(scope="module")
def other(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of this module's own, which may be crashed."""
    asked = Request(postgres=request.config.getoption("--postgres"))
    with open_server(asked) as running:
        yield running


def crashed(root: Path, server: Server, up: str, down: str) -> ChangeCrashes:
    """What crashes show of a change that finds a table with rows."""
    write(root, {**INI, **BASE, **FIXTURE, **change(NAME, up, down)})
    (report,) = playing.play(server, project.load(root), [NAME], ignore)
    return report


def test_a_transaction_and_an_interrupted_index_converge_at_every_point(
    tmp_path: Path, other: Server
) -> None:
    """Times, random values and numbers from a sequence are no two times the same."""
    up = (
        "alter table t add column key uuid default gen_random_uuid();\n"
        "insert into t (n, at) values (1, clock_timestamp());\n"
    )
    down = "alter table t drop column key;\ndelete from t where n = 1;\n"
    report = crashed(tmp_path, other, up, down)
    assert report == ChangeCrashes(NAME, len(WAYS) * (4 + 4), ())


def test_an_index_that_was_cut_off_is_made_and_dropped_in_the_end(
    tmp_path: Path, other: Server
) -> None:
    head = "-- transactional: false\n"
    row = "insert into t (n) values (2);\n"
    up = f"{head}create index concurrently t_n on t (n);\n{row}"
    down = "drop index concurrently t_n;\ndelete from t where n = 2;\n"
    report = crashed(tmp_path, other, up, down)
    assert report == ChangeCrashes(NAME, len(WAYS) * (9 + 9), ())


def test_a_statement_that_commits_by_itself_and_cannot_be_run_twice_is_caught(
    tmp_path: Path, other: Server
) -> None:
    up = "-- transactional: false\nanalyze t;\ncall fill();\n"
    report = crashed(tmp_path, other, up, "delete from t where n < 7;\n")
    assert not report.ok
    ups = {one.way for one in report.unconverged if one.direction == "up"}
    assert ups == set(WAYS)
    after = f"after the statement of migrations/{NAME}.sql:3"
    assert {one.points for one in report.unconverged} == {
        (after,),
        (f"before the commit of the statement of migrations/{NAME}.sql:3",),
    }
    assert all(
        "public.t has 7 rows, and 4 after an undisturbed run" in one.found
        for one in report.unconverged
    )


def test_a_change_that_fails_when_it_is_run_again_is_told_with_its_error(
    tmp_path: Path, other: Server
) -> None:
    up = (
        "-- transactional: false\n"
        "create procedure make() language plpgsql as $$\nbegin\n"
        "    create table made ();\n    commit;\nend\n$$;\ncall make();\n"
    )
    report = crashed(tmp_path, other, up, "drop table made;\ndrop procedure make;\n")
    found = "\n".join(text for one in report.unconverged for text in one.found)
    assert 'relation "made" already exists' in found
    assert f"the ledger is wrong about {NAME}" in found


def test_what_is_written_uncounted_is_seen_as_well(
    tmp_path: Path, other: Server
) -> None:
    up = (
        "-- transactional: false\n"
        "do $$ begin perform set_config('track_counts', 'off', false);"
        " update t set n = n + 1; commit; end $$;\n"
    )
    down = "update t set n = n - 1;\n"
    report = crashed(tmp_path, other, up, down)
    ups = {one.way for one in report.unconverged if one.direction == "up"}
    assert ups == set(WAYS)
    found = {text for one in report.unconverged for text in one.found}
    assert "public.t.n is not as an undisturbed run leaves it" in found


def test_a_change_that_does_not_even_go_undisturbed_is_not_tried(
    tmp_path: Path, other: Server
) -> None:
    report = crashed(tmp_path, other, "create table t ();\n", "select 1;\n")
    assert report.crashes == 0
    assert report.error is not None
    assert 'relation "t" already exists' in report.error


def test_roles_are_for_one_database_at_a_time(tmp_path: Path, other: Server) -> None:
    up = "create role crash_room;\ngrant select on t to crash_room;\n"
    down = "revoke select on t from crash_room;\ndrop role crash_room;\n"
    report = crashed(tmp_path, other, up, down)
    assert report == ChangeCrashes(NAME, len(WAYS) * (4 + 4), ())


def test_a_role_that_other_changes_gave_rights_is_dropped_through_crashes(
    tmp_path: Path, other: Server
) -> None:
    role = change("20260101_clerk", "create role crash_clerk;\n", "select 1;\n")
    write(tmp_path, role)
    grant = change("20260101_grant", "grant select on t to crash_clerk;\n", "select;\n")
    write(tmp_path, grant)
    up = "revoke select on t from crash_clerk;\ndrop role crash_clerk;\n"
    down = "create role crash_clerk;\ngrant select on t to crash_clerk;\n"
    report = crashed(tmp_path, other, up, down)
    assert report == ChangeCrashes(NAME, len(WAYS) * (4 + 4), ())
    with other.connect("postgres") as connection:
        there = connection.execute("select to_regrole('crash_clerk')").fetchone()
    assert there == (None,)  # the change has been applied for the next one


@pytest.mark.newest
def test_every_change_of_this_project_survives_crashes(other: Server) -> None:
    """At a sample of the points and ways; `make crash` goes through all."""
    own = project.load(Path(__file__).parents[2])
    ids = [change.id for change in own.changes]
    reports = playing.play(other, own, ids, ignore, sampled=True)
    assert [report.id for report in reports] == ids
    assert [report for report in reports if not report.ok] == []
    assert all(report.crashes >= 2 * 2 for report in reports)
