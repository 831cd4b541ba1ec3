"""A transactional change is one transaction, and leaves nothing in the session."""

from __future__ import annotations

import pytest
from psycopg import sql

from tests.line import Line, check, exists
from trunkline.errors import StatementFailed, UsageError
from trunkline.events import ChangeFailed

FIRST = "20260101_first"
SECOND = "20260102_second"

LEDGER = (
    "select (select count(*) from _yoyo_migration)"
    " + (select count(*) from _yoyo_log)"
    " + (select count(*) from trunkline.applied)"
    " + (select count(*) from trunkline.progress)"
)


def _nothing_happened(line: Line) -> bool:
    return not line.has("a") and line.rows(LEDGER) == [(0,)]


def test_a_failing_statement_undoes_those_before_it(line: Line) -> None:
    line.add(FIRST, "create table a (n int);\n\nselect\n    1,\n    nowhere;\n")
    with pytest.raises(StatementFailed) as refusal:
        line.apply()
    assert refusal.value.message == (
        f'migrations/{FIRST}.sql:5: column "nowhere" does not exist'
    )
    assert refusal.value.sqlstate == "42703"
    assert _nothing_happened(line)
    assert [failed.id for failed in line.of(ChangeFailed)] == [FIRST]


def test_the_first_statement_fails_at_its_own_line(line: Line) -> None:
    line.add(FIRST, "select x,\n    1;\n")
    with pytest.raises(StatementFailed, match=r'first\.sql:1: column "x" does not'):
        line.apply()


def test_a_failing_check_undoes_the_change_and_is_told(line: Line) -> None:
    wrong = check("a has a row", "select 'a' as subject, 'is empty' as detail from a")
    line.add(FIRST, "create table a as select 1 as n;\n", verification=wrong)
    result = line.apply()
    assert not result.ok
    assert [failed.sentence for failed in result.failing] == ["a has a row"]
    assert _nothing_happened(line)


def test_a_check_that_writes_has_not_passed(line: Line) -> None:
    line.rows("create function grow() returns int language sql as 'select 1'")
    line.add(
        FIRST,
        "create table a (n int);\n"
        "create or replace function grow() returns int language sql\n"
        "as 'insert into a values (1) returning n';\n",
        verification=check(
            "it only reads", "select 'a' as subject, grow() as detail where grow() = 2"
        ),
    )
    result = line.apply()
    assert [failed.error for failed in result.failing] == [
        "cannot execute INSERT in a read-only transaction"
    ]
    assert _nothing_happened(line)


def test_a_deferred_constraint_that_fails_at_commit_undoes_the_change(
    line: Line,
) -> None:
    line.add(
        FIRST,
        "create table a (n int primary key deferrable initially deferred);\n"
        "insert into a values (1), (1);\n",
    )
    with pytest.raises(StatementFailed, match=r"first\.sql: at commit: duplicate key"):
        line.apply()
    assert _nothing_happened(line)


def test_a_ledger_that_cannot_be_written_undoes_the_change(line: Line) -> None:
    line.table("z")
    line.apply()
    line.rows(
        "alter table trunkline.applied"
        " add constraint nothing_more check (id = 'z') not valid"
    )
    line.add("a", "create table a (n int);\n")
    with pytest.raises(StatementFailed, match="nothing_more"):
        line.apply()
    assert not line.has("a")
    assert line.rows("select migration_id from _yoyo_migration") == [("z",)]


def test_transaction_control_is_refused_before_anything_runs(line: Line) -> None:
    line.add(FIRST, "create table a (n int);\n")
    line.add(SECOND, "create table b (n int);\n\nCommit;\n")
    with pytest.raises(UsageError) as refusal:
        line.apply()
    assert refusal.value.message.startswith(f"migrations/{SECOND}.sql:3: `commit`")
    assert not line.has("a")
    assert not line.has("b")


def test_transaction_control_hidden_in_a_block_undoes_the_change(line: Line) -> None:
    line.add(FIRST, "create table a (n int);\ndo $$ begin commit; end $$;\n")
    with pytest.raises(StatementFailed, match="invalid transaction termination"):
        line.apply()
    assert _nothing_happened(line)


@pytest.mark.parametrize(
    ("leak", "question", "answer"),
    [
        (
            "set search_path = other",
            "current_setting('search_path')",
            '"$user", public',
        ),
        ("set role pg_monitor", "current_user::text", "postgres"),
        ("set session authorization pg_monitor", "session_user::text", "postgres"),
        ("set lock_timeout = 5", "current_setting('lock_timeout')", "2s"),
        (
            "create temp table left_over (n int)",
            "coalesce(to_regclass('left_over')::text, 'gone')",
            "gone",
        ),
        (
            "prepare left_over as select 1",
            "(select count(*)::text from pg_prepared_statements)",
            "0",
        ),
        (
            "do $$ begin perform pg_advisory_lock(7); end $$",
            "(select count(*)::text from pg_locks where objid = 7)",
            "0",
        ),
    ],
)
def test_nothing_of_one_change_reaches_the_next(
    line: Line, leak: str, question: str, answer: str
) -> None:
    line.rows("create schema other")
    line.add(FIRST, f"create table public.a (n int);\n{leak};\n")
    line.add(SECOND, f"create table public.b as select {question} as found;\n")
    line.apply()
    assert line.rows("select found from b") == [(answer,)]


def test_checks_and_ledger_do_not_see_the_settings_of_the_change(line: Line) -> None:
    line.rows("create schema other")
    line.add(
        FIRST,
        "create table public.a (n int);\n"
        "set search_path = other;\nset role pg_monitor;\n",
        verification=exists("a"),
    )
    assert line.apply().ok
    assert line.rows("select id from trunkline.applied") == [(FIRST,)]


@pytest.mark.parametrize(
    "setting", ["client_encoding = 'LATIN1'", "standard_conforming_strings = off"]
)
def test_checks_are_read_as_they_are_meant_whatever_the_change_has_set(
    line: Line, setting: str
) -> None:
    line.add(
        FIRST,
        f"create table a as select 'é\\' as n;\nset {setting};\n",
        verification=check(
            "a has its row",
            "select 'a' as subject, n as detail from a where n <> 'é\\'",
        ),
    )
    assert line.apply().ok


def test_a_file_is_read_as_it_is_meant_whatever_the_database_has_set(
    line: Line,
) -> None:
    name = sql.Identifier(line.database)
    with line.connect() as connection:
        connection.execute(
            sql.SQL("alter database {} set standard_conforming_strings = off").format(
                name
            )
        )
    line.add(
        FIRST,
        "create table a as select 'a\\b' as n;\nset lock_timeout = 0;\n",
        verification=check(
            "a has its row",
            "select 'a' as subject, n as detail from a where n <> 'a\\b'",
        ),
    )
    assert line.apply().ok
    assert line.rows("select length(n) from a") == [(3,)]


def test_a_change_works_at_its_queries_with_one_process(line: Line) -> None:
    """The other cores are the application's; it may set otherwise for itself."""
    line.add(
        FIRST,
        "create table of_a_query as select current_setting("
        "'max_parallel_workers_per_gather');\n"
        "create table of_an_index as select current_setting("
        "'max_parallel_maintenance_workers');\n"
        "set max_parallel_maintenance_workers = 2;\n"
        "insert into of_an_index select current_setting("
        "'max_parallel_maintenance_workers');\n",
    )
    line.apply()
    assert line.rows("select * from of_a_query") == [("0",)]
    assert line.rows("select * from of_an_index") == [("0",), ("2",)]


def test_what_is_failing_after_commit_is_applied_and_recorded(line: Line) -> None:
    line.add(
        FIRST,
        "create table a as select 1 as n;\n",
        verification=check(
            "a is empty",
            "select n as subject, 'is too much' as detail from a",
            after=True,
        ),
    )
    line.table("b")
    result = line.apply()
    assert not result.ok
    assert result.applied == (FIRST,)
    assert result.complaint == f"{FIRST} is applied, and 1 checks failed after it"
    assert line.rows("select id, failing from trunkline.applied") == [
        (FIRST, ["a is empty"])
    ]
    assert not line.has("b")
