"""A rollback is proved, comes from the file or the ledger, and takes what it must."""

from __future__ import annotations

import pytest

from tests.line import Line, check, exists
from trunkline import rollback
from trunkline.errors import LockNotObtained, StatementFailed, UsageError
from trunkline.events import Checked
from trunkline.limits import Limits

FIRST = "20260101_first"
SECOND = "20260102_second"


@pytest.fixture
def applied(line: Line) -> Line:
    """A project of two changes, both applied; the second depends on the first."""
    line.add(
        FIRST, "create table a (n int);\n", "drop table a;\n", verification=exists("a")
    )
    line.add(
        SECOND,
        f"-- depends: {FIRST}\ncreate table b (n int);\n",
        "drop table b;\n",
        verification=exists("b"),
    )
    line.apply()
    return line


def test_changes_come_back_in_the_reverse_order_of_application(applied: Line) -> None:
    result = applied.rollback(FIRST, SECOND)
    assert result.rolled_back == (SECOND, FIRST)
    assert result.ok
    assert not applied.has("a")
    assert applied.rows("select operation from _yoyo_log order by created_at_utc") == [
        ("apply",),
        ("apply",),
        ("rollback",),
        ("rollback",),
    ]


def test_what_another_applied_change_depends_on_stays(applied: Line) -> None:
    with pytest.raises(UsageError, match=f"{SECOND} depends on {FIRST}"):
        applied.rollback(FIRST)


def test_a_rollback_that_does_nothing_has_not_happened(applied: Line) -> None:
    applied.add(
        "20260103_third",
        "create table c (n int);\n",
        "create table d (n int);\n",
        exists("c"),
    )
    applied.apply()
    result = applied.rollback("20260103_third")
    assert result.complaint is not None
    assert "its verification still passes after the rollback" in result.complaint
    assert result.rolled_back == ()
    assert not applied.has("d")
    assert "20260103_third" in applied.applied()


def test_a_rollback_that_breaks_another_change_is_told_and_is_the_last(
    line: Line,
) -> None:
    line.add("20260100_zeroth", "create table z (n int);\n", "drop table z;\n")
    line.add(FIRST, "create table a (n int);\n", "drop table a;\n", exists("a"))
    line.add(SECOND, "create table b (n int);\n", "drop table a, b;\n", exists("b"))
    line.apply()
    result = line.rollback(SECOND, "20260100_zeroth")
    assert result.complaint == f"1 checks failed after {SECOND} was rolled back"
    assert [failed.change for failed in result.failing] == [FIRST]
    assert result.rolled_back == (SECOND,)
    assert line.has("z")


def test_the_checks_of_what_stays_are_asked_when_the_locks_are_gone(
    applied: Line,
) -> None:
    """The more changes there are, the longer that takes."""
    held: list[bool] = []

    def look(event: object) -> None:
        if isinstance(event, Checked) and event.result.change == FIRST:
            found = applied.rows(
                "select from pg_locks where mode = 'AccessExclusiveLock'"
                " and locktype = 'relation'"
            )
            held.append(bool(found))

    selection = rollback.Selection(ids=(SECOND,))
    plan = rollback.plan(applied.project, applied.target, selection, None)
    options = rollback.Options()
    assert rollback.run(applied.project, applied.target, plan, options, look).ok
    assert held == [False]


def test_a_check_that_reads_many_rows_is_asked_when_the_locks_are_gone(
    line: Line,
) -> None:
    line.add(
        FIRST,
        "create table a as select 1 as n;\n",
        "alter table a add m int;\n",
        verification=check(
            "a is empty by now or not there",
            "select 'a' as subject, 'has rows' as detail from a"
            " where to_regclass('a') is null",
            after=True,
        )
        + check("nothing", "select 'a' as subject, 'b' as detail where false"),
    )
    line.apply()
    result = line.rollback(FIRST)
    assert result.rolled_back == (FIRST,)
    assert result.complaint is not None
    assert "its verification still passes after the rollback" in result.complaint
    assert line.applied() == []


def test_a_failing_rollback_has_not_happened(line: Line) -> None:
    line.add(FIRST, "create table a (n int);\n", "drop table a;\ndrop table nowhere;\n")
    line.apply()
    with pytest.raises(StatementFailed, match=r"rollbacks/.*:2: table \"nowhere\""):
        line.rollback(FIRST)
    assert line.has("a")
    assert line.applied() == [FIRST]


def test_the_ledger_has_the_rollback_of_a_change_whose_files_are_gone(
    applied: Line,
) -> None:
    applied.remove(SECOND)
    assert applied.state(SECOND) == "unknown"
    assert applied.rollback(SECOND).ok
    assert not applied.has("b")
    assert applied.applied() == [FIRST]


def test_a_rollback_file_that_is_gone_with_its_link_is_taken_from_the_ledger(
    applied: Line,
) -> None:
    (applied.root / "rollbacks" / f"{SECOND}.sql").unlink()
    (applied.root / "migrations" / f"{SECOND}.rollback.sql").unlink()
    selection = rollback.Selection(last=1)
    plan = rollback.plan(applied.project, applied.target, selection, None)
    assert [planned.source for planned in plan.changes] == ["ledger"]
    assert applied.rollback(SECOND).ok
    assert not applied.has("b")
    assert applied.state(SECOND) == "pending"


def test_a_stored_rollback_that_was_altered_is_run_only_when_it_is_named(
    line: Line,
) -> None:
    line.table("c")
    line.apply()
    line.rows(
        "update trunkline.applied set rollback_sql = rollback_sql || 'select 1;'"
        " where id = 'c'"
    )
    line.remove("c")
    with pytest.raises(UsageError, match="of c is not as it was stored"):
        line.rollback("c")
    assert line.has("c")
    assert line.rollback("c", use="ledger").ok


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("drop tabl c;", 'ledger:rollbacks/c.sql:1: syntax error at or near "tabl"'),
        ("-- nothing", "ledger:rollbacks/c.sql:1: the rollback holds no statement"),
    ],
)
def test_a_stored_rollback_that_cannot_be_run_is_refused_beforehand(
    line: Line, text: str, message: str
) -> None:
    line.table("c")
    line.apply()
    line.rows("update trunkline.applied set rollback_sql = %s where id = 'c'", text)
    line.remove("c")
    with pytest.raises(UsageError) as refused:
        line.rollback("c", use="ledger")
    assert refused.value.message == message
    assert line.has("c")


def test_a_rollback_that_was_stored_with_other_line_ends_is_as_it_was(
    line: Line,
) -> None:
    line.table("c")
    file = line.root / "rollbacks" / "c.sql"
    file.write_bytes(b"drop table\r\n    c;\r\n")
    line.apply()
    line.remove("c")
    assert line.rollback("c").ok


def test_a_rollback_that_differs_from_the_stored_one_is_refused(applied: Line) -> None:
    applied.add(
        SECOND,
        f"-- depends: {FIRST}\ncreate table b (n int);\n",
        "drop table b;\ncreate table of_the_file (n int);\n",
        exists("b"),
    )
    with pytest.raises(UsageError, match="differs from the rollback that the ledger"):
        applied.rollback(SECOND)
    assert applied.has("b")
    assert applied.rollback(SECOND, use="ledger").ok
    assert not applied.has("b")
    assert not applied.has("of_the_file")


def test_a_differing_rollback_can_be_taken_from_the_file(applied: Line) -> None:
    applied.add(
        SECOND,
        f"-- depends: {FIRST}\ncreate table b (n int);\n",
        "drop table b;\ncreate table of_the_file (n int);\n",
        exists("b"),
    )
    assert applied.rollback(SECOND, use="file").ok
    assert applied.has("of_the_file")


def test_the_plan_counts_what_is_lost(line: Line) -> None:
    line.add(
        FIRST,
        "create table a (n int, note text);\n",
        "-- loses: public.a rows where n > 1 — nobody needs them\n"
        "-- loses: public.a values of note — kept elsewhere\n"
        "-- leaves: role nobody — cluster-wide\n"
        "drop table a;\n",
    )
    line.apply()
    line.rows("insert into a values (1, 'x'), (2, null), (3, 'y')")
    plan = rollback.plan(
        line.project, line.target, rollback.Selection(last=1), use=None
    )
    (planned,) = plan.changes
    assert [loss.count for loss in planned.losses] == [2, 2]
    assert planned.leaves == ("role nobody — cluster-wide",)
    assert line.rows("select count(*) from a") == [(3,)]


def test_a_plan_that_the_database_has_outrun_is_refused(applied: Line) -> None:
    selection = rollback.Selection(last=1)
    plan = rollback.plan(applied.project, applied.target, selection, None)
    applied.rollback(SECOND)
    with pytest.raises(UsageError, match="has changed since the plan was shown"):
        rollback.run(
            applied.project,
            applied.target,
            plan,
            rollback.Options(),
            applied.events.append,
        )
    assert applied.has("a")


def test_a_rollback_waits_for_locks_no_longer_than_told(applied: Line) -> None:
    with applied.connect(autocommit=False) as reader:
        reader.execute("select from b")
        with pytest.raises(LockNotObtained):
            applied.rollback(SECOND, limits=Limits(lock_timeout=0.05, lock_budget=0.3))
    assert applied.applied() == [FIRST, SECOND]


def test_an_after_check_of_what_stays_is_asked_after_the_commit(line: Line) -> None:
    line.add(FIRST, "create table a (n int);\n", "drop table a;\n", exists("a"))
    (line.root / "verification/invariants").mkdir()
    (line.root / "verification/invariants/there.sql").write_text(
        check(
            "b is there",
            "select 'b' as subject, 'is gone' as detail where to_regclass('b') is null",
        )
    )
    line.add(SECOND, "create table b (n int);\n", "drop table b;\n", exists("b"))
    line.rows("create table b2 (n int)")
    line.rows("alter table b2 rename to b")
    line.apply(to=FIRST)
    line.rows("drop table b")
    line.apply()
    result = line.rollback(SECOND)
    assert result.rolled_back == (SECOND,)
    assert result.complaint == f"1 checks failed after {SECOND} was rolled back"
