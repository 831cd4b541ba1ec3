"""yoyo and the engine read and write one ledger, and each can go on for the other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from typing import LiteralString

import pytest

from tests.line import YOYO, Line, check
from trunkline import adopt, apply, connect, drift, script, status, verify
from trunkline.connect import Target, of_keywords
from trunkline.errors import Failure, LockNotObtained, StatementFailed, UsageError
from trunkline.events import ignore
from trunkline.limits import Limits
from trunkline.throwaway import Request


def _yoyo(line: Line, *words: str) -> str:
    """Run the stock yoyo on the test's project and database; its output."""
    environment = {**os.environ, **line.server.environment(line.database)}
    url = environment["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    done = subprocess.run(
        [
            YOYO,
            *words,
            "--batch",
            "--no-config-file",
            "--database",
            url,
            str(line.root / "migrations"),
        ],
        env={**environment, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _listed(line: Line) -> dict[str, str]:
    """What `yoyo list` says: A (applied) or U by ID."""
    rows = (row.split() for row in _yoyo(line, "list").splitlines())
    return {row[1]: row[0] for row in rows if row and row[0] in ("A", "U")}


def test_yoyo_lists_as_applied_what_trunkline_has_applied(line: Line) -> None:
    for name in ("a", "b", "c"):
        line.table(name)
    line.apply(to="b")
    assert _listed(line) == {"a": "A", "b": "A", "c": "U"}
    _yoyo(line, "apply")
    assert line.applied() == ["a", "b", "c"]
    line.rollback("c")
    assert _listed(line) == {"a": "A", "b": "A", "c": "U"}


def test_yoyo_rolls_back_what_trunkline_has_applied(line: Line) -> None:
    for name in ("a", "b"):
        line.table(name)
    line.apply()
    _yoyo(line, "rollback", "--all")
    assert not line.has("a")
    assert line.applied() == []
    assert line.state("a") == "pending"
    assert line.apply().applied == ("a", "b")


def test_trunkline_goes_on_and_back_where_yoyo_has_begun(line: Line) -> None:
    line.table("a")
    _yoyo(line, "apply")
    line.table("b")
    assert line.state("a") == "applied"
    assert line.apply().applied == ("b",)
    assert line.rollback("a", "b").rolled_back == ("b", "a")
    assert _listed(line) == {"a": "U", "b": "U"}


def test_the_tables_are_those_that_yoyo_makes(line: Line) -> None:
    columns = (
        "select table_name, column_name, data_type, character_maximum_length,"
        " is_nullable from information_schema.columns"
        " where table_name in ('_yoyo_migration', '_yoyo_log', '_yoyo_version')"
        " order by table_name, ordinal_position"
    )
    line.table("a")
    line.apply()
    ours = line.rows(columns)
    versions = line.rows("select version from _yoyo_version")
    line.rows("drop table a, _yoyo_migration, _yoyo_log, _yoyo_version")
    _yoyo(line, "apply")
    assert line.rows(columns) == ours
    assert line.rows("select max(version) from _yoyo_version") == [max(versions)]


def test_a_running_yoyo_is_not_run_over(line: Line) -> None:
    line.table("a")
    _yoyo(line, "list")
    line.rows("insert into yoyo_lock values (1, now() at time zone 'utc', 4711)")
    with pytest.raises(LockNotObtained, match="pid 4711"):
        line.apply()
    assert not line.has("a")
    line.rows("delete from yoyo_lock")
    assert line.apply().ok


def test_the_yoyo_tables_of_another_schema_are_found(line: Line) -> None:
    line.table("a")
    line.rows("create schema other")
    keywords = line.server.conninfo(line.database)
    elsewhere = of_keywords({**keywords, "options": "-c search_path=other"})

    apply.run(line.project, elsewhere, apply.Options(), line.events.append)
    assert line.rows("select migration_id from other._yoyo_migration") == [("a",)]
    assert line.has("other.a")


def test_a_change_that_sets_another_search_path_does_not_hide_the_ledger(
    line: Line,
) -> None:
    setting = "alter database %I set search_path = other"
    call = f"execute format('{setting}', current_database())"
    line.add("a", f"create schema other; do $$ begin {call}; end $$;")
    line.table("b")
    line.apply(to="a")
    assert line.applied() == ["a"]
    line.apply()
    assert line.applied() == ["a", "b"]
    assert line.has("other.b")

    keywords = line.server.conninfo(line.database)
    third = of_keywords({**keywords, "options": "-c search_path=third"})
    line.rows("create schema third")
    line.remove("a")
    apply.run(line.project, third, apply.Options(), line.events.append)
    assert line.has("third.b")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("create table _yoyo_migration (id int)", ""),
        ("create view _yoyo_migration as select 1 as id", ""),
        ("create schema trunkline; create table trunkline.applied (id int)", ""),
        ("", "alter table trunkline.applied drop column rollback_sql"),
        ("", "alter table trunkline.progress rename to steps"),
    ],
)
def test_tables_that_only_have_the_names_of_the_ledger_are_refused(
    line: Line, before: str, after: str
) -> None:
    line.table("a")
    if after:
        line.apply()
    with line.connect() as connection:
        connection.execute((before or after).encode())
    line.table("b")
    with pytest.raises(Failure, match=r"ledger cannot be (read|made)") as refused:
        line.apply()
    assert refused.value.detail
    assert not line.has("b")


def test_times_are_read_whatever_text_the_server_would_write(line: Line) -> None:
    line.table("a")
    line.apply()
    options = "-c DateStyle=German -c IntervalStyle=sql_standard -c TimeZone=Asia/Tokyo"
    keywords = line.server.conninfo(line.database)
    abroad = of_keywords({**keywords, "options": options})
    (read,) = status.read(line.project, abroad).rows
    assert [read] == list(status.read(line.project, line.target).rows)


@pytest.fixture
def reader(line: Line) -> Iterator[Target]:
    """The test's database for a role that has no right on anything."""
    line.rows("create role reader login password 'r'")
    keywords = line.server.conninfo(line.database)
    yield of_keywords({**keywords, "user": "reader", "password": "r"})
    line.rows("drop owned by reader")
    line.rows("drop role reader")


def test_status_needs_only_the_right_to_read(line: Line, reader: Target) -> None:
    line.table("a")
    line.table("b")
    line.apply(to="a")
    with pytest.raises(Failure, match="the ledger cannot be read"):
        status.read(line.project, reader)
    line.rows("grant usage on schema trunkline to reader")
    line.rows("grant select on all tables in schema trunkline to reader")
    line.rows("grant select on _yoyo_migration to reader")
    rows = status.read(line.project, reader).rows
    assert [(row.id, row.state) for row in rows] == [("a", "applied"), ("b", "pending")]
    with pytest.raises(StatementFailed, match="permission denied"):
        apply.run(line.project, reader, apply.Options(), line.events.append)


def test_status_of_a_database_without_a_ledger_writes_nothing(line: Line) -> None:
    line.table("a")
    assert line.state("a") == "pending"
    assert line.rows("select count(*) from pg_class where relname ~ 'yoyo'") == [(0,)]
    assert line.rows(
        "select count(*) from pg_namespace where nspname = 'trunkline'"
    ) == [(0,)]


def test_the_ledger_keeps_what_a_dba_asks_for(line: Line) -> None:
    line.table("a")
    line.apply()
    change = line.project.change("a")
    assert change.rollback
    assert change.verification
    assert line.rows(
        "select migration_sha256, rollback_sha256, verification_sha256, rollback_sql,"
        " transactional, applied_by ~ '.@.', took > '0', server_version"
        " from trunkline.applied"
    ) == [
        (
            change.migration.sha256,
            change.rollback.sha256,
            change.verification.sha256,
            change.rollback.text,
            True,
            True,
            True,
            line.server.version,
        )
    ]


def test_an_applied_file_that_has_changed_stops_everything(line: Line) -> None:
    line.table("a")
    line.apply()
    line.add("a", "create table a (n bigint);\n")
    line.table("b")

    with pytest.raises(UsageError, match="has changed since it was applied"):
        line.apply()
    assert not line.has("b")


def test_a_change_that_the_project_has_not_stops_everything(line: Line) -> None:
    line.table("a")
    line.apply()
    line.remove("a")
    line.table("b")

    with pytest.raises(UsageError, match="has changes that this project has not: a"):
        line.apply()
    assert not line.has("b")


def test_what_yoyo_has_applied_anew_is_not_taken_for_ours(line: Line) -> None:
    line.table("a")
    line.apply()
    _yoyo(line, "rollback", "--all")
    line.add("a", "create table a (n bigint);\n", "drop table a;\n")
    _yoyo(line, "apply")
    (row,) = status.read(line.project, line.target).rows
    assert (row.state, row.changed, row.applied_by) == ("applied", (), None)
    assert line.rollback("a").ok
    assert line.rows("select from trunkline.applied") == []


def _adopt(line: Line, to: str, *accept: str) -> adopt.Result:
    return adopt.run(
        line.project,
        line.target,
        Request(),
        to=to,
        accept=accept,
        wait=1,
        emit=ignore,
    )


def test_adopt_completes_the_record_of_what_yoyo_has_applied(line: Line) -> None:
    line.table("a")
    line.table("b")
    _yoyo(line, "apply")
    line.table("c")
    line.rows("create table c (n int)")
    before = line.rows("select * from _yoyo_migration order by migration_id")
    assert _adopt(line, "c").marked == ("a", "b", "c")
    after = line.rows("select * from _yoyo_migration order by migration_id")
    assert after[:2] == before
    assert _listed(line) == {"a": "A", "b": "A", "c": "A"}
    assert line.apply().applied == ()
    with pytest.raises(UsageError, match="c and all before it are on record already"):
        _adopt(line, "c")
    line.remove("a")
    line.add("b", "create table b (n int, m int);\n", "drop table b;\n")
    assert line.rollback("a").ok
    (row,) = (r for r in status.read(line.project, line.target).rows if r.id == "b")
    assert row.changed[0] == "migrations/b.sql"


def test_adopt_does_not_take_what_yoyo_has_applied_in_another_shape(line: Line) -> None:
    line.table("a")
    _yoyo(line, "apply")
    line.rows("alter table a add m int")
    found = _adopt(line, "a")
    assert not found.ok
    assert [d.named for d in found.differences] == ["column public.a.m"]
    assert line.rows("select from trunkline.applied") == []


def test_what_yoyo_has_taken_back_is_marked_anew_by_adopt(line: Line) -> None:
    line.table("a")
    line.apply()
    _yoyo(line, "unmark", "--all")
    assert line.state("a") == "pending"
    assert _adopt(line, "a").marked == ("a",)
    assert _listed(line) == {"a": "A"}
    assert line.state("a") == "applied"
    assert line.apply().applied == ()


@pytest.mark.parametrize("head", ["", "-- transactional: false\n"])
def test_who_may_not_write_the_ledger_is_told_and_nothing_has_happened(
    reader: Target, line: Line, head: str
) -> None:
    line.table("a")
    line.apply()
    line.rows("grant create on schema public to reader")
    line.rows("grant usage on schema trunkline to reader")
    line.rows("grant select on all tables in schema trunkline, public to reader")
    line.add("b", f"{head}create table b (n int);\n")
    options = apply.Options(allow_unverified=True)
    with pytest.raises(Failure, match="the ledger cannot be written") as failure:
        apply.run(line.project, reader, options, ignore)
    assert "permission denied for table" in str(failure.value.detail)
    assert line.state("b") == "pending"
    assert not line.has("b")


def test_an_event_trigger_that_forbids_the_ledger_is_quoted(line: Line) -> None:
    line.table("a")
    line.rows(
        "create function no_ddl() returns event_trigger language plpgsql as"
        " $$ begin raise 'no ddl today' using hint = 'Come tomorrow.'; end $$"
    )
    line.rows("create event trigger no on ddl_command_start execute function no_ddl()")
    with pytest.raises(Failure, match="the ledger cannot be made") as failure:
        line.apply()
    assert failure.value.detail == "no ddl today"
    assert failure.value.hint == "Come tomorrow."
    line.rows("drop event trigger no")


@pytest.mark.parametrize(
    ("edit", "lacks"),
    [
        ("applied_at_utc = null", "time for b"),
        ("applied_at_utc = 'infinity'", "time for b"),
        ("applied_at_utc = '0044-03-15 BC'", "time for b"),
        ("migration_id = null", "migration_id"),
    ],
)
def test_a_row_that_somebody_has_spoilt_is_told(
    line: Line, edit: LiteralString, lacks: str
) -> None:
    for name in ("a", "b"):
        line.table(name)
    line.apply()
    line.rows(f"update _yoyo_migration set {edit} where migration_id = 'b'")
    for command in (line.applied, line.apply, partial(line.rollback, "a")):
        with pytest.raises(Failure, match="the ledger cannot be read") as failure:
            command()
        assert (
            failure.value.detail == f"A row of public._yoyo_migration has no {lacks}."
        )


def test_a_row_with_another_hash_and_a_row_too_many_go_with_their_change(
    line: Line,
) -> None:
    line.table("a")
    line.apply()
    line.rows("update _yoyo_migration set migration_hash = 'mine'")
    line.rows(
        "insert into _yoyo_migration select 'more', 'a', applied_at_utc"
        " from _yoyo_migration"
    )
    assert line.applied() == ["a"]
    assert line.rollback("a").rolled_back == ("a",)
    assert line.state("a") == "pending"
    assert line.apply().applied == ("a",)


def test_a_log_that_somebody_has_dropped_is_made_again(line: Line) -> None:
    line.table("a")
    line.apply()
    line.rows("drop table _yoyo_log")
    line.table("b")
    assert line.apply().applied == ("b",)
    assert line.rows("select migration_id from _yoyo_log") == [("b",)]


def test_a_change_that_is_renamed_while_it_is_half_applied_is_told(line: Line) -> None:
    up = "-- transactional: false\ncreate table a (n int);\nselect 1 / 0;\n"
    line.add("a", up)
    with pytest.raises(StatementFailed):
        line.apply()
    line.remove("a")
    line.add("b", up)
    found = status.read(line.project, line.target)
    assert [(row.id, row.state) for row in found.rows] == [
        ("b", "pending"),
        ("a", "partly applied"),
    ]
    assert not found.ok


FAILS = "select 1 / 0;\n"


def test_what_yoyo_has_marked_is_not_half_applied_any_more(line: Line) -> None:
    up = f"-- transactional: false\ncreate table a (n int);\n{FAILS}"
    line.add("a", up, "drop table a;\n")
    with pytest.raises(StatementFailed):
        line.apply()
    _yoyo(line, "mark")
    assert line.state("a") == "applied"
    assert line.apply().applied == ()
    assert line.rollback().rolled_back == ("a",)


def test_what_yoyo_has_unmarked_is_not_half_rolled_back_any_more(line: Line) -> None:
    up = "-- transactional: false\ncreate table a (n int);\n"
    line.add("a", up, f"drop table a;\n{FAILS}")
    line.apply()
    with pytest.raises(StatementFailed):
        line.rollback("a")
    _yoyo(line, "unmark", "--all")
    assert line.state("a") == "pending"
    assert line.apply().applied == ("a",)


@pytest.mark.parametrize("table", ["_yoyo_migration", "trunkline.applied"])
def test_a_ledger_that_somebody_has_to_himself_is_waited_for_and_told(
    line: Line, table: LiteralString, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "PATIENCE", 0.5)
    line.table("a")
    line.apply()
    line.table("b")
    hasty = Limits(lock_timeout=0.2, lock_budget=0.2)
    with line.connect(autocommit=False, application_name="maintenance") as other:
        other.execute(f"lock table {table}")
        for command in (line.applied, partial(line.rollback, "a")):
            with pytest.raises(LockNotObtained, match=r"not obtained on .*@") as told:
                command()
            pid = other.info.backend_pid
            assert f"pid {pid} (postgres, maintenance, " in str(told.value.detail)
            assert f"Wanted: AccessShareLock on {table}." in str(told.value.detail)
        with pytest.raises(LockNotObtained, match="not obtained") as failure:
            line.apply(limits=hasty)
    assert "maintenance" in (failure.value.detail or "")
    assert line.applied() == ["a"]


@pytest.mark.parametrize("table", ["yoyo_lock", "pg_description"])
def test_who_keeps_a_run_from_beginning_is_named(
    line: Line, table: LiteralString
) -> None:
    line.table("a")
    line.rows("create table yoyo_lock (locked int, ctime timestamp, pid int)")
    hasty = Limits(lock_timeout=0.2, lock_budget=0.2)
    with line.connect(autocommit=False, application_name="maintenance") as other:
        other.execute(f"lock table {table}")
        with pytest.raises(LockNotObtained, match="not obtained") as failure:
            line.apply(limits=hasty)
    assert "maintenance" in str(failure.value.detail)
    assert line.apply().applied == ("a",)


@pytest.mark.parametrize("command", ["verify", "drift", "script"])
def test_who_has_a_table_to_himself_is_named_by_what_only_reads(
    line: Line, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "PATIENCE", 0.5)
    reads = check("a is empty", "select n::text as subject, '' as detail from a")
    line.add("a", "create table a (n int default 1);\n", "drop table a;\n", reads)
    line.apply()
    commands: dict[str, Callable[[], object]] = {
        "verify": lambda: verify.run(line.project, line.target, [], ignore),
        "drift": lambda: drift.run(line.project, line.target, Request()),
        "script": lambda: script.write(
            line.project,
            line.target,
            to=None,
            lock_timeout=1,
            allow_unverified=True,
        ),
    }
    table = "a, pg_attrdef" if command == "drift" else "a, trunkline.applied"
    with line.connect(autocommit=False, application_name="maintenance") as other:
        other.execute(f"lock table {table} /* 4711 */")
        with pytest.raises(LockNotObtained, match=r"not obtained on .*@") as told:
            commands[command]()
        pid = other.info.backend_pid
    assert f"pid {pid} (postgres, maintenance, " in str(told.value.detail)
    assert f"lock table {table}" in str(told.value.detail)
    assert "4711" not in str(told.value.detail)


def test_a_change_that_cannot_be_put_on_record_is_finished_by_the_next_run(
    line: Line,
) -> None:
    line.add("a", "-- transactional: false\ncreate table a (n int);\n")
    line.apply()
    line.add("b", "-- transactional: false\ncreate table b (n int);\n")
    hasty = Limits(lock_timeout=0.2, lock_budget=0.2)
    with line.connect(autocommit=False, application_name="maintenance") as other:
        other.execute("lock table trunkline.applied in share mode")
        with pytest.raises(LockNotObtained) as failure:
            line.apply(limits=hasty)
    assert "maintenance" in (failure.value.detail or "")
    assert line.state("b") == "partly applied"
    assert line.apply().ok
