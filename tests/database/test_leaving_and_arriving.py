"""adopt, drift and script: a database comes to trunkline, or is changed without it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.line import Line
from trunkline import adopt, catalog, drift, script
from trunkline.catalog import Snapshot
from trunkline.errors import UsageError
from trunkline.events import ignore
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


def taken(line: Line) -> Snapshot:
    with line.server.connect(line.database) as connection:
        return catalog.snapshot(connection)


def psql(line: Line, text: str) -> subprocess.CompletedProcess[str]:
    assert line.server.binaries is not None
    return subprocess.run(
        [line.server.binaries / "psql", "--no-psqlrc", "--file", "-"],
        input=text,
        env=line.server.environment(line.database),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def written(line: Line) -> str:
    return script.write(
        line.project, line.target, to=None, lock_timeout=2.0, allow_unverified=False
    )


def test_the_script_makes_the_catalog_and_the_ledger_that_apply_makes(
    line: Line, server: Server
) -> None:
    done = psql(line, written(line))
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
    assert psql(line, text).returncode == 0
    before = taken(line)
    assert psql(line, text).returncode == 3
    assert taken(line) == before


def test_a_check_that_fails_in_the_script_undoes_its_change(line: Line) -> None:
    bad = "-- check: never\nselect 'x' as subject, 'the reason' as detail;\n"
    (line.root / "verification" / "rooms_words.sql").write_text(bad)
    done = psql(line, written(line))
    assert done.returncode == 3
    assert "x: the reason" in done.stderr
    assert taken(line).has(("index", "idx_rooms_n on public.rooms"))
    assert not taken(line).has(("column", "public.rooms.word"))


def test_drift_tells_what_was_changed_by_hand_and_its_repair_ends_it(
    line: Line, server: Server
) -> None:
    psql(line, written(line))
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


def test_a_difference_named_in_yoyo_ini_with_its_reason_is_no_drift(
    line: Line, server: Server
) -> None:
    psql(line, written(line))
    with server.connect(line.database) as connection:
        connection.execute("create table by_hand (n int)")
    ini = line.root / "yoyo.ini"
    text = ini.read_text()
    ini.write_text(text + "drift_ignore =\n    table public.by_hand — the analysts'\n")
    assert drift.run(line.project, line.target, HERE).ok
    ini.write_text(text + "drift_ignore =\n    table public.by_hand\n")
    with pytest.raises(UsageError, match="no reason"):
        drift.run(line.project, line.target, HERE)


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
