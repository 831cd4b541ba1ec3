"""adopt, drift and script: a database comes to trunkline, or is changed without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from tests.line import Line, exists
from trunkline import adopt, drift, script
from trunkline.errors import StatementFailed, UsageError
from trunkline.events import ignore
from trunkline.locks import RUNNER_KEY
from trunkline.report import text_report
from trunkline.throwaway import Request, Server

HERE = Request()


@pytest.fixture
def line(tmp_path: Path, server: Server, database: str) -> Line:
    """A project of three changes, one of them not transactional."""
    made = Line(tmp_path, server, database)
    made.table("rooms")
    made.add(
        "rooms_index",
        "-- depends: rooms\n-- transactional: false\n"
        "create index concurrently idx_rooms_n on rooms (n);\n",
        "drop index concurrently idx_rooms_n;\n",
        "-- check: rooms are found by n\nselect 'idx_rooms_n' as subject, 'missing' as "
        "detail\nwhere to_regclass('idx_rooms_n') is null;\n"
        "-- check after: no n is negative\nselect n::text as subject, 'negative' as "
        "detail\nfrom rooms where n < 0;\n",
    )
    made.add(
        "rooms_words",
        "-- depends: rooms_index\nalter table rooms add column word text default "
        "'it''s :n \\ 100 %';\n",
        "alter table rooms drop column word;\n",
        "-- check: a room has a word\nselect 'word' as subject, 'missing' as detail\n"
        "where not exists (select 1 from pg_attribute where attname = 'word'\n"
        "    and attrelid = to_regclass('rooms') and not attisdropped);\n",
    )
    return made


def written(line: Line) -> str:
    return script.write(
        line.project, line.target, to=None, lock_timeout=2.0, allow_unverified=False
    )


def test_no_name_in_the_script_is_run_by_psql(line: Line) -> None:
    name = "20260102_it's \\n `echo ran`"
    line.add(name, "create table a (n int);\n", "drop table a;\n", exists("a"))
    done = line.psql(
        script.write(
            line.project,
            replace(line.target, label="db.example/x\n\\echo ran\n--"),
            to=None,
            lock_timeout=2.0,
            allow_unverified=False,
        ),
    )
    assert done.returncode == 0, done.stderr
    assert f"+ {name}" in done.stdout.splitlines()
    assert "ran" not in done.stdout.splitlines()


def test_the_script_makes_the_catalog_and_the_ledger_that_apply_makes(
    line: Line, server: Server
) -> None:
    done = line.psql(written(line))
    assert done.returncode == 0, done.stderr
    assert drift.run(line.project, line.target, HERE).differences == ()
    with server.connect(line.database) as connection:
        rows = connection.execute(
            "select id, rollback_sql, failing from trunkline.applied order by id"
        ).fetchall()
    assert [(name, failing) for name, _, failing in rows] == [
        ("rooms", []),
        ("rooms_index", []),
        ("rooms_words", []),
    ]
    assert rows[0][1] == (line.root / "rollbacks" / "rooms.sql").read_text()


def test_a_script_run_twice_stops_at_the_first_statement_that_is_there(
    line: Line,
) -> None:
    text = written(line)
    assert line.psql(text).returncode == 0
    before = line.catalog()
    assert line.psql(text).returncode == 3
    assert line.catalog() == before


def test_a_check_that_fails_in_the_script_undoes_its_change(line: Line) -> None:
    bad = "-- check: never\nselect 'x' as subject, 'the reason' as detail;\n"
    (line.root / "verification" / "rooms_words.sql").write_text(bad)
    done = line.psql(written(line))
    assert done.returncode == 3
    assert "x: the reason" in done.stderr
    assert line.catalog().has(("index", "idx_rooms_n on public.rooms"))
    assert not line.catalog().has(("column", "public.rooms.word"))


def test_a_script_stops_before_anything_where_another_trunkline_is_at_work(
    line: Line, server: Server
) -> None:
    text = written(line)
    with server.connect(line.database) as connection:
        connection.execute("select pg_advisory_lock(%s)", [RUNNER_KEY])
        done = line.psql(text)
    assert done.returncode == 3
    assert "another trunkline is at work on this database" in done.stderr
    assert line.applied() == []


def test_a_script_goes_on_behind_the_statements_that_one_before_it_finished(
    line: Line,
) -> None:
    bad = "-- check: never\nselect 'x' as subject, 'the reason' as detail;\n"
    (line.root / "verification" / "rooms_index.sql").write_text(bad)
    assert line.psql(written(line)).returncode == 3
    assert line.applied() == ["rooms"]
    good = "-- check: always\nselect 'x' as subject, 'y' as detail where false;\n"
    (line.root / "verification" / "rooms_index.sql").write_text(good)
    done = line.psql(written(line))
    assert done.returncode == 0, done.stderr
    assert line.applied() == ["rooms", "rooms_index", "rooms_words"]


def test_a_script_needs_no_more_than_the_owner_of_the_database(
    line: Line, server: Server
) -> None:
    name = sql.Identifier(line.database)
    with server.connect(line.database) as connection:
        connection.execute("create role plain_owner login password 'x'")
        connection.execute(
            sql.SQL("alter database {} owner to plain_owner").format(name)
        )
    done = line.psql(written(line), PGUSER="plain_owner", PGPASSWORD="x")
    applied = line.applied()
    with server.connect(line.database) as connection:
        connection.execute("reassign owned by plain_owner to postgres")
        connection.execute("drop owned by plain_owner; drop role plain_owner")
    assert done.returncode == 0, done.stderr
    assert applied == ["rooms", "rooms_index", "rooms_words"]


def test_drift_tells_what_was_changed_by_hand_and_its_repair_ends_it(
    line: Line, server: Server
) -> None:
    line.psql(written(line))
    with server.connect(line.database) as connection:
        connection.execute("drop index idx_rooms_n; create table by_hand (n int)")
    found = drift.run(line.project, line.target, HERE)
    assert {(d.kind, d.object) for d in found.differences} == {
        ("missing", "index"),
        ("unexpected", "table"),
    }
    with server.connect(line.database) as connection:
        for difference in found.differences:
            connection.execute(difference.repair.encode())
    assert drift.run(line.project, line.target, HERE).differences == ()


def ignoring(line: Line, *entries: str) -> None:
    ini = line.root / "yoyo.ini"
    head, _, _ = ini.read_text().partition("drift_ignore")
    ini.write_text(head + "\n    ".join(["drift_ignore =", *entries]) + "\n")


def test_drift_tells_which_change_is_half_way(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.add("z", "-- transactional: false\nselect 1;\nselect 1 / 0;\n")
    with pytest.raises(StatementFailed):
        line.apply()
    found = drift.run(line.project, line.target, HERE)
    assert (found.differences, found.half_way, found.ok) == ((), ("z",), False)
    text_report(verbose=False, explain=False).drifted(found)
    assert "z is half way: finish it first" in capsys.readouterr().out


def test_a_difference_named_in_yoyo_ini_with_its_reason_is_no_drift(
    line: Line, server: Server
) -> None:
    line.psql(written(line))
    with server.connect(line.database) as connection:
        connection.execute("create table by_hand (n int); drop index idx_rooms_n")
    ignoring(line, "table public.by_hand — the analysts'", "table gone — once theirs")
    found = drift.run(line.project, line.target, HERE)
    assert [d.named for d in found.differences] == ["index idx_rooms_n on public.rooms"]
    assert found.ignored == ("table public.by_hand",)
    assert found.unmatched == ("table gone",)
    ignoring(
        line, "table public.by_hand — theirs", "index idx_rooms_n on public.rooms — so"
    )
    assert drift.run(line.project, line.target, HERE).ok


@pytest.mark.parametrize("entry", ["table public.by_hand", "table public.by_hand — "])
def test_a_difference_named_in_yoyo_ini_without_a_reason_is_refused(
    line: Line, entry: str
) -> None:
    line.apply()
    ignoring(line, entry)
    with pytest.raises(UsageError, match="no reason"):
        drift.run(line.project, line.target, HERE)


def test_what_belongs_to_the_database_itself_is_the_installations(
    line: Line, server: Server
) -> None:
    line.apply()
    name = sql.Identifier(line.database)
    with server.connect(line.database) as connection:
        for statement in (
            "create role landlord",
            "comment on database {} is 'ours'",
            "grant create on database {} to landlord",
            "revoke connect on database {} from public",
            "alter database {} owner to landlord",
            "alter database {} connection limit 50",
        ):
            connection.execute(sql.SQL(statement).format(name))
        found = drift.run(line.project, line.target, HERE).differences
        connection.execute(sql.SQL("alter database {} owner to postgres").format(name))
        connection.execute("drop owned by landlord; drop role landlord")
    assert found == ()


def test_a_database_is_compared_on_its_own_version(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    """PostgreSQL 17 and later have a privilege more."""
    line.add("shared", "-- depends: rooms_words\ngrant all on rooms to public;\n")
    line.apply()
    version = line.server.version_num // 10000
    other = 16 if version > 16 else 18
    asked = Request(postgres=other)
    report = text_report(verbose=False, explain=False)

    found = drift.run(line.project, line.target, HERE)
    assert (found.differences, found.reference) == ((), version)
    report.drifted(found)
    assert "note:" not in capsys.readouterr().out

    found = drift.run(line.project, line.target, asked)
    assert (found.version, found.reference) == (version, other)
    report.drifted(found)
    told = f" is PostgreSQL {version}, and was compared on {other}, which writes"
    assert told in capsys.readouterr().out


def test_adopt_shows_in_what_small_things_an_installation_differs(
    tmp_path: Path, server: Server, database: str
) -> None:
    line = Line(tmp_path, server, database)
    line.add(
        "guests",
        "create table rooms (id int primary key, floor int);\n"
        "create index idx_rooms_floor on rooms (floor) where floor > 0;\n"
        "create table guests (\n    id int primary key,\n"
        "    room int references rooms on delete cascade\n);\n",
        "drop table guests;\ndrop table rooms;\n",
    )
    with server.connect(database) as connection:
        connection.execute(
            "create table rooms (id int primary key, floor int);"
            " create table guests (id int primary key, room int references rooms)"
        )

    def run(*accept: str) -> adopt.Result:
        return adopt.run(
            line.project,
            line.target,
            HERE,
            to="guests",
            accept=accept,
            wait=1,
            emit=ignore,
        )

    shown = run()
    assert not shown.ok
    assert sorted(f"{d.kind} {d.named}: {d.detail}" for d in shown.differences) == [
        "differs constraint guests_room_fkey on public.guests: definition is"
        " FOREIGN KEY (room) REFERENCES public.rooms(id) instead of"
        " FOREIGN KEY (room) REFERENCES public.rooms(id) ON DELETE CASCADE",
        "missing index idx_rooms_floor on public.rooms: expected CREATE INDEX"
        " idx_rooms_floor ON public.rooms USING btree (floor) WHERE (floor > 0)",
    ]
    with server.connect(database) as connection:
        for difference in shown.differences:
            if difference.object == "index":
                connection.execute(difference.repair.encode())
    assert run("constraint guests_room_fkey on public.guests").marked == ("guests",)


def test_no_password_of_a_server_is_in_what_drift_tells(
    line: Line, server: Server
) -> None:
    line.apply()
    with server.connect(line.database) as connection:
        connection.execute(
            "create foreign data wrapper far;"
            " create server away foreign data wrapper far;"
            " create user mapping for public server away"
            " options (name 'me', password 's3cret', passcode 's3cret');"
            " create subscription news connection"
            " 'host=nowhere user=me password=s3cret' publication p"
            " with (connect = false, slot_name = none)"
        )
        found = drift.run(line.project, line.target, HERE).differences
        connection.execute("drop subscription news")
    assert "user mapping for public server away" in {d.named for d in found}
    assert "subscription news" in {d.named for d in found}
    assert "s3cret" not in repr(found)


def test_adopt_marks_only_what_is_equal_or_accepted(line: Line, server: Server) -> None:
    with server.connect(line.database) as connection:
        connection.execute("create table rooms (n int); create table by_hand (n int)")

    def run(*accept: str) -> adopt.Result:
        return adopt.run(
            line.project,
            line.target,
            HERE,
            to="rooms",
            accept=accept,
            wait=1,
            emit=ignore,
        )

    refused = run()
    assert not refused.ok
    assert [f"{d.object} {d.name}" for d in refused.differences] == [
        "table public.by_hand"
    ]
    with pytest.raises(UsageError, match="no difference called"):
        run("table public.nothing")
    assert run("table public.by_hand").marked == ("rooms",)
    assert line.applied() == ["rooms"]
