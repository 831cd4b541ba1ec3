"""What a rehearsal finds of a change, and what the next change then starts from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from tests.projects import change, write
from trunkline import project
from trunkline.rehearsal.result import ChangeReport
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Server

INI = "[DEFAULT]\nsources = %(here)s/migrations\n"
ROOM = change(
    "20260101_room",
    "create table room (id int primary key, name text);\n"
    "insert into room values (1, 'blue'), (2, 'red');\n",
    "drop table room;\n",
    "-- check: there is room\nselect 'room' as subject, 'none' as detail\n"
    "where to_regclass('public.room') is null;\n",
)
LAMP = change("20260103_lamp", "create table lamp ();\n", "drop table lamp;\n")


class House:
    """A project of the test's own, rehearsed on the server of all tests."""

    def __init__(self, root: Path, server: Server) -> None:
        self._root = root
        self._server = server
        self._database = "postgres"

    def rehearse(self, *changes: dict[str, str]) -> list[ChangeReport]:
        """Rehearse the changes of these files in order."""
        for files in ({"yoyo.ini": INI}, *changes):
            write(self._root, files)
        loaded = project.load(self._root)
        stage = Stage(self._server, loaded)
        reports = []
        for one in loaded.changes:
            with stage.rehearse(one) as (report, _):
                reports.append(report)
        self._database = stage.database
        return reports

    def verdicts(self, *changes: dict[str, str]) -> list[str]:
        return [report.verdict.value for report in self.rehearse(*changes)]

    def asked(self, query: LiteralString) -> list[tuple[Any, ...]]:
        """What the rehearsed database answers to a new session."""
        with self.connect() as connection:
            return connection.execute(query).fetchall()

    def connect(self) -> psycopg.Connection:
        return self._server.connect(self._database)

    def databases(self) -> set[str]:
        return {
            str(name)
            for (name,) in self.asked(
                "select datname from pg_database where datname ~ '^trunkline_scratch_'"
            )
        }


@pytest.fixture
def house(tmp_path: Path, server: Server) -> Iterator[House]:
    made = House(tmp_path / "house", server)
    before = made.databases()
    yield made
    for name in made.databases() - before:
        server.drop(name)


def test_an_exact_change_is_left_as_if_it_had_been_applied_once(house: House) -> None:
    assert house.verdicts(
        ROOM,
        change(
            "20260102_key",
            "create table key (n int generated always as identity);\n"
            "insert into key default values;\n",
            "drop table key;\n",
        ),
    ) == ["exact", "unverified"]
    assert house.asked("select n from key") == [(1,)]
    assert house.asked("select id from trunkline.applied order by id") == [
        ("20260101_room",),
        ("20260102_key",),
    ]


def test_what_a_bad_rollback_leaves_is_not_there_for_the_next_change(
    house: House,
) -> None:
    reports = house.rehearse(
        ROOM,
        change(
            "20260102_door",
            "create table door (bell int);\n",
            "drop table door;\ncreate table trace ();\n",
        ),
        LAMP,
    )
    assert [r.verdict for r in reports] == ["exact", "down_inexact", "unverified"]
    assert {d.named for d in reports[1].differences} == {"table public.trace"}
    assert house.asked(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace"
        " and relname in ('door', 'trace', 'lamp') order by 1"
    ) == [("door",), ("lamp",)]


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("update room set name = 'green' where id = 1", "select 1"),
        ("delete from room where id = 1", "select 1"),
        ("create table other ()", "delete from room where id = 1; drop table other"),
        ("create table other ()", "truncate room; drop table other"),
        (
            "create function strip() returns void language sql"
            " as 'delete from room where id = 1'",
            "select strip(); drop function strip()",
        ),
        (
            "create table other (id int)",
            "create function later() returns trigger language plpgsql as"
            " 'begin delete from room where id = 1; return null; end';"
            "create constraint trigger later after insert on other"
            " deferrable initially deferred for each row execute function later();"
            "insert into other values (1); set constraints all deferred;"
            "drop function if exists nothing()",
        ),
    ],
)
def test_a_row_that_is_not_as_it_was_is_told_whoever_wrote_it(
    house: House, up: str, down: str
) -> None:
    bad = change("20260102_bad", f"{up};\n", f"{down};\n")
    _, report, after = house.rehearse(ROOM, bad, LAMP)
    assert {lost.object.split(".")[1] for lost in report.lost} == {"room"}
    assert after.verdict == "unverified"


def test_what_a_savepoint_takes_back_is_no_loss(house: House) -> None:
    quiet = change(
        "20260102_quiet",
        "do $$ begin\n    delete from room;\n    raise exception 'no';\n"
        "exception when others then null;\nend $$;\n",
        "select 1;\n",
    )
    assert house.verdicts(ROOM, quiet) == ["exact", "unverified"]


def test_a_sequence_that_a_rollback_moves_is_told(house: House) -> None:
    moves = change(
        "20260102_moves", "select 1;\n", "select nextval('public.counter');\n"
    )
    counter = change(
        "20260101_counter", "create sequence counter;\n", "drop sequence counter;\n"
    )
    _, report = house.rehearse(counter, moves)
    (lost,) = report.lost
    assert (lost.object, lost.what) == ("public.counter", "position")
    assert "stands at 1 (handed out) instead of 1 (not handed out)" in lost.detail


def test_rows_that_are_never_the_same_twice_are_lost_by_their_keys(
    house: House,
) -> None:
    random = change(
        "20260102_random",
        "create table token (id uuid primary key default gen_random_uuid());\n"
        "insert into token default values;\ninsert into token default values;\n",
        "drop table token;\n",
    )
    forgets = change(
        "20260103_forgets",
        "select 1;\n",
        "delete from token where id = (select min(id::text)::uuid from token);\n",
    )
    *_, report = house.rehearse(ROOM, random, forgets)
    (lost,) = report.lost
    assert (lost.object, lost.what, lost.count) == ("public.token", "rows", 1)


def test_a_filled_view_that_is_read_anew_and_stays_so_is_told(house: House) -> None:
    view = change(
        "20260102_view",
        "create materialized view names as select name from room;\n",
        "drop materialized view names;\n",
    )
    stale = change(
        "20260103_stale",
        "update room set name = 'green' where id = 1;\n"
        "refresh materialized view names;\n",
        "update room set name = 'blue' where id = 1;\n",
    )
    *_, report = house.rehearse(ROOM, view, stale)
    assert report.verdict == "data_lost"
    assert {lost.object for lost in report.lost} == {"public.names"}


def test_settings_of_the_database_outlive_a_bad_change_after_them(
    house: House,
) -> None:
    says = (
        "do $$ begin execute format('alter database %I set app.door to ''open''',"
        " current_database()); end $$;\n"
    )
    unsays = (
        "do $$ begin execute format('alter database %I reset app.door',"
        " current_database()); end $$;\n"
    )
    bad = change("20260103_bad", "create table bad ();\n", "select 1;\n")
    asks = change(
        "20260104_asks",
        "do $$ begin assert current_setting('app.door') = 'open'; end $$;\n",
        "do $$ begin assert current_setting('app.door') = 'open'; end $$;\n",
    )
    assert house.verdicts(ROOM, change("20260102_door", says, unsays), bad, asks) == [
        "exact",
        "unverified",
        "down_inexact",
        "unverified",
    ]
    assert house.asked("select current_setting('app.door')") == [("open",)]


def test_a_role_that_a_bad_rollback_alters_is_as_it_was_for_the_next_change(
    house: House,
) -> None:
    keeper = change(
        "20260102_keeper",
        "create role rehearsed_keeper login connection limit 3;\n"
        "alter role rehearsed_keeper set work_mem to '7MB';\n"
        "comment on role rehearsed_keeper is 'keeps';\n"
        "create role rehearsed_group;\n"
        "grant rehearsed_group to rehearsed_keeper with admin option;\n",
        "drop role rehearsed_keeper;\ndrop role rehearsed_group;\n",
    )
    drops = change("20260103_drops", "select 1;\n", "drop role rehearsed_keeper;\n")
    alters = change(
        "20260104_alters",
        "select 1;\n",
        "alter role rehearsed_keeper superuser nologin connection limit 5;\n"
        "alter role rehearsed_keeper reset all;\n"
        "revoke rehearsed_group from rehearsed_keeper;\n"
        "comment on role rehearsed_keeper is null;\n",
    )
    asks = change(
        "20260105_asks",
        "do $$ begin\n    assert (\n"
        "        select not rolsuper and rolcanlogin and rolconnlimit = 3\n"
        "            and rolconfig = array['work_mem=7MB']\n"
        "            and shobj_description(oid, 'pg_authid') = 'keeps'\n"
        "            and pg_has_role(oid, 'rehearsed_group', 'member')\n"
        "        from pg_roles where rolname = 'rehearsed_keeper');\nend $$;\n",
        "select 1;\n",
    )
    reports = house.rehearse(ROOM, keeper, drops, alters, asks)
    with house.connect() as connection:
        connection.execute("drop role rehearsed_keeper, rehearsed_group")
    assert [r.verdict for r in reports] == [
        "exact",
        "unverified",
        "down_inexact",
        "down_inexact",
        "unverified",
    ]
    (missing,), (differs,) = reports[2].differences, reports[3].differences
    assert (missing.kind, missing.named) == ("missing", "role rehearsed_keeper")
    assert (differs.kind, differs.named) == ("differs", "role rehearsed_keeper")


def test_a_check_that_fails_already_is_not_the_fault_of_the_next_change(
    house: House,
) -> None:
    breaks = change(
        "20260102_breaks", "alter table room rename to chamber;\n", "select 1;\n"
    )
    assert house.verdicts(ROOM, breaks, LAMP) == [
        "exact",
        "verification_failed",
        "unverified",
    ]


def test_a_change_that_fails_half_way_outside_a_transaction_leaves_nothing(
    house: House,
) -> None:
    half = change(
        "20260102_half",
        "-- transactional: false\ncreate table half ();\nselect 1 / 0;\n",
        "drop table half;\n",
    )
    assert house.verdicts(ROOM, half, LAMP) == ["exact", "up_failed", "unverified"]
    assert house.asked("select to_regclass('public.half')") == [(None,)]


def test_what_each_statement_locks_is_told(house: House) -> None:
    _, report = house.rehearse(
        ROOM,
        change(
            "20260102_column",
            "alter table room add column floor int;\n",
            "alter table room drop column floor;\n",
        ),
    )
    assert {(held.direction, held.relation, held.mode) for held in report.locks} >= {
        ("up", "public.room", "AccessExclusiveLock"),
        ("down", "public.room", "AccessExclusiveLock"),
    }


@pytest.mark.parametrize(
    ("up", "down"),
    [("{}", "select 1"), ("create table lamp ()", "drop table lamp; {}")],
)
def test_what_a_change_keeps_from_being_counted_is_seen(
    house: House, up: str, down: str
) -> None:
    silent = "set TRACK_COUNTS = off; comment on table room is 'left'"
    quiet = change("20260102_quiet", up.format(silent), down.format(silent))
    assert house.verdicts(ROOM, quiet) == ["exact", "down_inexact"]


def test_what_a_change_has_the_server_forget_is_seen(house: House) -> None:
    lamp = change("20260102_lamp", "create table lamp (n int);\n", "drop table lamp;\n")
    lit = change(
        "20260103_lit",
        "-- transactional: false\n"
        "insert into lamp values (1);\nselect pg_stat_force_next_flush();\n"
        "select pg_stat_reset();\n",
        "select 1;\n",
    )
    assert house.verdicts(ROOM, lamp, lit) == ["exact", "unverified", "data_lost"]


def test_a_role_is_as_it_was_also_after_a_rollback_that_loses_rows(
    house: House,
) -> None:
    keeper = change(
        "20260102_keeper",
        "create role rehearsed_keeper login;\ninsert into room values (7);\n",
        "drop role rehearsed_keeper;\ndelete from room where id = 7;\n",
    )
    alters = change(
        "20260103_alters",
        "select 1;\n",
        "alter role rehearsed_keeper nologin;\ndelete from room;\n",
    )
    reports = house.rehearse(ROOM, keeper, alters, LAMP)
    with house.connect() as connection:
        connection.execute("drop role rehearsed_keeper")
    assert [report.verdict.value for report in reports][2:] == [
        "down_inexact",
        "unverified",
    ]
    assert reports[-1].differences == ()
