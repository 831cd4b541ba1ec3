"""What each statement locks, rewrites and reads is told, in both directions."""

from __future__ import annotations

import pytest

from tests.line import Line
from trunkline import apply, rollback, trace
from trunkline.events import Event, LockHeld, LocksTraced, StatementDone

FIRST = "20260101_first"
HEAD = "-- transactional: false\n"


@pytest.fixture
def busy(line: Line) -> Line:
    """Tables that were there before, with rows."""
    line.rows("create table public.busy (n int primary key, m int)")
    line.rows("create table public.other (n int)")
    line.rows("insert into public.busy select n, n from generate_series(1, 99) as n")
    return line


def _traced(line: Line) -> list[tuple[int, str, str, bool, bool]]:
    """Each lock told of: line, relation, mode, rewrote, scanned."""
    return [
        (lock.line, lock.relation, lock.mode, lock.rewrote, lock.scanned)
        for lock in _locks(line)
    ]


def _locks(line: Line) -> list[LockHeld]:
    return [lock for traced in line.of(LocksTraced) for lock in traced.locks]


@pytest.mark.parametrize(
    ("statement", "relation", "mode", "rewrote", "scanned"),
    [
        ("select from busy limit 0", "busy", "AccessShareLock", False, False),
        ("select count(*) from busy", "busy", "AccessShareLock", False, True),
        ("select from busy for update", "busy", "RowShareLock", False, True),
        ("update other set n = 1", "other", "RowExclusiveLock", False, True),
        ("analyze busy", "busy", "ShareUpdateExclusiveLock", False, False),
        ("create index i on busy (m)", "busy", "ShareLock", False, True),
        (
            "create trigger t before update on busy for each row"
            " execute function suppress_redundant_updates_trigger()",
            "busy",
            "ShareRowExclusiveLock",
            False,
            False,
        ),
        (
            "alter table busy add column x int default 1",
            "busy",
            "AccessExclusiveLock",
            False,
            False,
        ),
        (
            "alter table busy add column x float default random()",
            "busy",
            "AccessExclusiveLock",
            True,
            True,
        ),
        (
            "alter table busy alter column m type bigint",
            "busy",
            "AccessExclusiveLock",
            True,
            True,
        ),
        (
            "alter table busy add constraint c check (m > 0)",
            "busy",
            "AccessExclusiveLock",
            False,
            True,
        ),
        (
            "alter table busy add constraint c check (m > 0) not valid",
            "busy",
            "AccessExclusiveLock",
            False,
            False,
        ),
        ("truncate other", "other", "AccessExclusiveLock", True, False),
        ("drop table other", "other", "AccessExclusiveLock", False, False),
        (
            "create table c (n int references busy)",
            "busy",
            "ShareRowExclusiveLock",
            False,
            False,
        ),
    ],
)
def test_a_statement_is_told_with_its_lock(
    busy: Line, statement: str, relation: str, mode: str, rewrote: bool, scanned: bool
) -> None:
    busy.add(FIRST, f"select 1;\n{statement};\n")
    assert busy.apply(traced=True).ok
    assert (2, f"public.{relation}", mode, rewrote, scanned) in _traced(busy)


def test_a_lock_is_told_where_it_is_newly_taken_and_grows(busy: Line) -> None:
    busy.add(
        FIRST,
        "select from other limit 0;\nselect from other limit 0;\n"
        "alter table other add m int;\nselect from other limit 0;\n"
        "select count(*) from other;\n",
    )
    assert busy.apply(traced=True).ok
    assert _traced(busy) == [
        (1, "public.other", "AccessShareLock", False, False),
        (3, "public.other", "AccessExclusiveLock", False, False),
        (5, "public.other", "AccessExclusiveLock", False, True),
    ]


def test_a_lock_is_held_to_the_end_of_the_transaction(busy: Line) -> None:
    busy.add(FIRST, "lock table other;\nselect pg_sleep(0.3);\nlock table busy;\n")
    assert busy.apply(traced=True).ok
    long, short = _locks(busy)
    assert (long.relation, short.relation) == ("public.other", "public.busy")
    assert long.seconds >= 0.3 > short.seconds


def test_what_the_change_has_made_itself_is_not_told(busy: Line) -> None:
    busy.add(FIRST, "create table mine (n int);\nalter table mine add m int;\n")
    assert busy.apply(traced=True).ok
    assert _traced(busy) == []


def test_a_rollback_is_traced_too(busy: Line) -> None:
    busy.add(
        FIRST,
        "alter table other add m int;\n",
        "select 1;\nalter table other drop m;\n",
    )
    assert busy.apply().ok
    selection = rollback.Selection(last=1)
    plan = rollback.plan(busy.project, busy.target, selection, None)
    options = rollback.Options(traced=True)
    assert rollback.run(busy.project, busy.target, plan, options, busy.events.append).ok
    (lock,) = _locks(busy)
    assert (lock.direction, lock.line, lock.mode) == ("down", 2, "AccessExclusiveLock")


def test_a_change_that_is_not_transactional_is_traced_by_statement(busy: Line) -> None:
    busy.add(
        FIRST,
        f"{HEAD}alter table other add m int;\n"
        "create index concurrently busy_m on busy (m);\n"
        "begin;\nlock table other;\ncommit;\n",
    )
    assert busy.apply(traced=True).ok
    assert _traced(busy) == [
        (2, "public.other", "AccessExclusiveLock", False, False),
        (3, "public.busy", "ShareUpdateExclusiveLock", False, True),
        (5, "public.other", "AccessExclusiveLock", False, False),
    ]


def test_a_detachment_is_told_with_both_its_locks(line: Line) -> None:
    line.rows(
        "create table busy (n int) partition by list (n);"
        " create table busy_1 partition of busy for values in (1)"
    )
    up = f"{HEAD}alter table busy detach partition busy_1 concurrently;\n"
    line.add(FIRST, up)
    assert line.apply(traced=True).ok
    assert [lock[1:3] for lock in _traced(line)] == [
        ("public.busy", "ShareUpdateExclusiveLock"),
        ("public.busy_1", "AccessExclusiveLock"),
    ]


def test_a_retried_change_is_traced_once(busy: Line) -> None:
    done: list[bool] = []
    busy.add(
        FIRST,
        "set transaction isolation level repeatable read;\n"
        "select 1;\nupdate other set n = n + 1;\n",
    )
    busy.rows("insert into other values (1)")

    def interfere(event: Event) -> None:
        busy.events.append(event)
        if isinstance(event, StatementDone) and event.number == 2 and not done:
            done.append(True)
            busy.rows("update other set n = 10")

    options = apply.Options(allow_unverified=True, traced=True)
    assert apply.run(busy.project, busy.target, options, interfere).ok
    assert [lock.mode for lock in _locks(busy)] == ["RowExclusiveLock"]


def test_what_an_earlier_change_has_read_is_not_taken_for_read(busy: Line) -> None:
    busy.add("20260101_a", "select count(*) from other;\n")
    busy.add("20260101_b", "alter table other add m int;\n")
    assert busy.apply(traced=True).ok
    assert [lock.scanned for lock in _locks(busy)] == [True, False]


def test_without_being_asked_nothing_is_traced(busy: Line) -> None:
    busy.add(FIRST, "alter table other add m int;\n")
    assert busy.apply().ok
    assert busy.of(LocksTraced) == []


def test_of_a_very_long_file_some_statements_are_taken_together(busy: Line) -> None:
    idle = "select 1;\n"
    busy.add(FIRST, 600 * idle + "update other set n = 2;\n" + 600 * idle)
    assert busy.apply(traced=True).ok
    [(line, *held)] = _traced(busy)
    assert held == ["public.other", "RowExclusiveLock", False, True]
    # Of 1201 statements every seventh is asked after, and the last.
    assert 601 <= line < 601 + 7


def test_relations_are_asked_for_again_only_where_they_can_be_others(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of thousands of rows would else ask for all of them before each."""
    line.rows("create table t (n int); create sequence asked")
    asking = trace._BEFORE.replace("flush()::text", "flush()::text || nextval('asked')")
    monkeypatch.setattr(trace, "_BEFORE", asking)
    line.add(
        "a",
        f"{HEAD}insert into t values (1);\ninsert into t values (2);\n"
        "alter table t alter n type bigint;\ninsert into t values (3);\n"
        "update t set n = n + 1;\n",
    )
    line.apply(traced=True)
    assert _traced(line) == [
        (2, "public.t", "RowExclusiveLock", False, False),
        (3, "public.t", "RowExclusiveLock", False, False),
        (4, "public.t", "AccessExclusiveLock", True, True),
        (5, "public.t", "RowExclusiveLock", False, False),
        (6, "public.t", "RowExclusiveLock", False, True),
    ]
    assert line.rows("select last_value from asked") == [(2,)]
