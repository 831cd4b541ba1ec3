"""A change that is not transactional: each statement on record, gone on with later."""

from __future__ import annotations

import pytest

from tests.line import Line, check, exists
from trunkline import adopt
from trunkline.errors import LockNotObtained, StatementFailed, UsageError
from trunkline.events import Notice, StatementDone, ignore
from trunkline.limits import Limits
from trunkline.throwaway import Request

FIRST = "20260101_first"
HEAD = "-- transactional: false\n"

HASTY = Limits(wait=0, lock_timeout=0.1, lock_budget=0.1)


def _steps(line: Line) -> list[tuple[int, bool]]:
    return line.rows(
        "select statement, finished_at is not null from trunkline.progress order by 1"
    )


def _numbers(line: Line) -> list[int]:
    return [done.number for done in line.of(StatementDone)]


def test_a_run_goes_on_where_the_last_one_stopped(line: Line) -> None:
    line.add(
        FIRST,
        f"{HEAD}create table a (n int);\ninsert into a values (1);\n"
        "insert into later values (1);\nvacuum a;\n",
        verification=exists("a"),
    )
    with pytest.raises(StatementFailed, match=r"first\.sql:4: relation \"later\""):
        line.apply()
    assert _steps(line) == [(1, True), (2, True)]
    assert line.state(FIRST) == "partly applied"
    line.rows("create table later (n int)")
    line.events.clear()
    assert line.apply().ok
    assert _numbers(line) == [3, 4]
    assert line.rows("select n from a") == [(1,)]
    assert _steps(line) == []
    assert line.state(FIRST) == "applied"


def test_settings_of_finished_statements_are_made_again(line: Line) -> None:
    line.rows("create schema other")
    line.add(
        FIRST,
        f"{HEAD}set search_path = other;\nset role pg_monitor;\nreset role;\n"
        "create table a (n int);\nselect 1 / (select count(*) from public.ready);\n"
        "create table b (n int);\n",
    )
    line.rows("create table public.ready (n int)")
    with pytest.raises(StatementFailed, match="division by zero"):
        line.apply()
    line.rows("insert into public.ready values (1)")
    line.apply()
    assert line.has("other.a")
    assert line.has("other.b")


def test_a_role_that_the_file_takes_on_need_not_know_the_ledger(line: Line) -> None:
    line.rows("create role builder; grant create on schema public to builder")
    try:
        line.add(
            FIRST,
            f"{HEAD}set role builder;\ncreate table a (n int);\n"
            "begin;\ncreate table b (n int);\nset role builder;\ncommit;\n"
            "create table c (n int);\nvacuum;\n",
        )
        assert line.apply().ok
        owners = "select distinct tableowner from pg_tables where tablename ~ '^[abc]$'"
        assert line.rows(owners) == [("builder",)]
    finally:
        line.rows("drop owned by builder; drop role builder")


def test_an_edited_file_that_is_half_applied_is_refused(line: Line) -> None:
    line.add(FIRST, f"{HEAD}create table a (n int);\nselect nowhere;\n")
    with pytest.raises(StatementFailed):
        line.apply()
    line.add(FIRST, f"{HEAD}create table a (n bigint);\nselect 1;\n")
    with pytest.raises(UsageError) as refusal:
        line.apply()
    assert refusal.value.message == (
        f"migrations/{FIRST}.sql has changed since it was half run"
    )
    assert "trunkline.progress" in (refusal.value.hint or "")
    line.add(FIRST, f"{HEAD}create table a (n int);\nselect 1;\n")
    assert line.apply().ok


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}select 2;\ncreate table a (n int);\n",
        f"{HEAD}create table a (n bigint);\nselect 2;\n",
        f"{HEAD}select 1;\n",
        "create table a (n int);\nselect 2;\n",
    ],
    ids=["reordered", "altered", "shorter", "one transaction"],
)
def test_an_edited_file_is_refused_before_anything_runs(line: Line, text: str) -> None:
    line.add("z", f"{HEAD}create table a (n int);\nselect 1 / 0;\n")
    with pytest.raises(StatementFailed):
        line.apply()
    line.table("y")
    line.add("z", text)
    for dry_run in (True, False):
        with pytest.raises(UsageError, match="has changed since it was half run"):
            line.apply(dry_run=dry_run)
    assert line.state("y") == "pending"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}create table a (n int);\nselect 2;\n",
        f"{HEAD}-- a word\n\ncreate table a (n int);\n-- more\n\nselect 2;\n",
    ],
    ids=["the unfinished part", "comments and blanks"],
)
def test_what_has_not_run_yet_may_be_corrected(line: Line, text: str) -> None:
    line.add(FIRST, f"{HEAD}create table a (n int);\nselect 1 / 0;\n")
    with pytest.raises(StatementFailed):
        line.apply()
    line.add(FIRST, text)
    assert line.apply().ok


def test_a_rollback_that_is_half_run_is_not_gone_on_with_in_another_text(
    line: Line,
) -> None:
    line.add(
        FIRST, f"{HEAD}create table a (n int);\n", "drop table a;\nselect 1 / 0;\n"
    )
    line.apply()
    with pytest.raises(StatementFailed):
        line.rollback(FIRST)
    line.add(FIRST, f"{HEAD}create table a (n int);\n", "select 2;\ndrop table a;\n")
    with pytest.raises(UsageError, match="differs from the rollback that the ledger"):
        line.rollback(FIRST)
    with pytest.raises(UsageError, match="has changed since it was half run"):
        line.rollback(FIRST, use="file")
    assert line.state(FIRST) == "partly rolled back"


def test_a_transaction_of_the_file_is_run_and_recorded_whole(line: Line) -> None:
    line.add(
        FIRST,
        f"{HEAD}begin;\ncreate table a (n int);\ninsert into later values (1);\n"
        "commit;\ncreate table b (n int);\n",
    )
    with pytest.raises(StatementFailed, match='"later" does not exist'):
        line.apply()
    assert not line.has("a")
    assert _steps(line) == []
    line.rows("create table later (n int)")
    line.apply()
    assert line.has("a")
    assert line.has("b")


def test_a_transaction_that_the_file_rolls_back_is_not_run_again(line: Line) -> None:
    line.add(
        FIRST,
        f"{HEAD}begin;\ncreate table a (n int);\nsavepoint s;\nrollback to s;\n"
        "rollback;\nselect nowhere;\n",
    )
    with pytest.raises(StatementFailed):
        line.apply()
    assert _steps(line) == [(n, True) for n in range(1, 6)]
    assert not line.has("a")


def test_a_transaction_without_an_end_is_refused_before_anything_runs(
    line: Line,
) -> None:
    line.add(FIRST, f"{HEAD}create table a (n int);\nbegin;\ncreate table b (n int);\n")
    with pytest.raises(UsageError, match=r"first\.sql:3: the transaction that begins"):
        line.apply()
    assert not line.has("a")


def test_a_lock_that_is_not_obtained_in_a_transaction_of_the_file_undoes_it(
    line: Line,
) -> None:
    line.rows("create table busy (n int)")
    line.add(
        FIRST,
        f"{HEAD}begin;\ncreate table a (n int);\ndrop table busy;\ncommit;\n",
    )
    with line.connect(autocommit=False) as reader:
        reader.execute("select from busy")
        with pytest.raises(LockNotObtained):
            line.apply(limits=HASTY)
    assert not line.has("a")
    assert line.apply().ok


def test_a_call_that_commits_is_run_outside_of_a_transaction(line: Line) -> None:
    line.add(
        FIRST,
        f"{HEAD}create table a (n int);\n"
        "create procedure fill() language plpgsql as $$ begin\n"
        "insert into a values (1); commit; insert into a values (2); end $$;\n"
        "call fill();\n",
    )
    assert line.apply().ok
    assert line.rows("select n from a order by n") == [(1,), (2,)]


def test_a_statement_that_was_begun_by_a_lost_run_is_told_when_it_fails(
    line: Line,
) -> None:
    line.add(
        FIRST,
        f"{HEAD}create procedure fill() language plpgsql as $$ begin\n"
        "commit; create table a (n int); end $$;\ncall fill();\n",
    )
    line.apply()
    line.rows("delete from _yoyo_migration")
    first, second = line.project.changes[0].migration.statements
    line.rows(
        "insert into trunkline.progress values"
        " (%s, 'up', 1, %s, now(), now()), (%s, 'up', 2, %s, now(), null)",
        FIRST,
        first.sha256,
        FIRST,
        second.sha256,
    )
    assert line.state(FIRST) == "partly applied"
    with pytest.raises(StatementFailed, match='"a" already exists') as failure:
        line.apply()
    assert "may have finished then" in (failure.value.detail or "")
    hint = failure.value.hint or ""
    line.rows(hint.removeprefix("If it has: ").partition(";")[0])
    assert line.apply().ok
    assert any("whether it had finished" in n.text for n in line.of(Notice))


def test_a_rollback_goes_on_where_it_stopped(line: Line) -> None:
    line.add(
        FIRST,
        f"{HEAD}create table a (n int);\ncreate table b (n int);\n",
        "drop table b;\ndrop table later;\ndrop table a;\n",
        exists("a"),
    )
    line.apply()
    with pytest.raises(StatementFailed, match=r"rollbacks/.*:2: table \"later\""):
        line.rollback(FIRST)
    assert line.state(FIRST) == "partly rolled back"
    with pytest.raises(UsageError, match="half rolled back"):
        line.apply()
    with pytest.raises(UsageError, match="half rolled back"):
        adopt.run(
            line.project,
            line.target,
            Request(),
            to=FIRST,
            accept=[],
            wait=1,
            emit=ignore,
        )
    line.rows("create table later (n int)")
    line.events.clear()
    assert line.rollback(FIRST).ok
    assert _numbers(line) == [2, 3]
    assert line.state(FIRST) == "pending"


def test_a_change_that_is_half_applied_must_be_in_the_project(line: Line) -> None:
    line.table("z")
    line.add("a", f"{HEAD}create table a (n int);\nselect nowhere;\n")
    with pytest.raises(StatementFailed):
        line.apply()
    line.remove("a")
    with pytest.raises(UsageError, match="changes that this project has not: a"):
        line.apply()


def test_what_cannot_be_undone_is_applied_and_its_failing_check_recorded(
    line: Line,
) -> None:
    line.add(
        FIRST,
        f"{HEAD}create table a (n int);\n",
        verification=check(
            "b exists",
            "select 'b' as subject, 'is missing' as detail"
            " where to_regclass('b') is null",
        ),
    )
    result = line.apply()
    assert not result.ok
    assert "trunkline rollback" in (result.hint or "")
    assert line.state(FIRST) == "applied"
    assert line.rows("select failing from trunkline.applied") == [(["b exists"],)]
