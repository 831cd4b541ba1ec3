"""Undo puts back what a backfill wrote and nobody has changed since, and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests.database.backfill.conftest import PACE
from tests.toys import BlindCopies, Copies, Doubled, SlowCopies
from trunkline import backfill
from trunkline.backfill import (
    Backfill,
    Counts,
    Migrated,
    Outcome,
    Row,
    RowKept,
    Source,
    UndoBatchDone,
    Updates,
)
from trunkline.errors import Failure
from trunkline.events import Event

if TYPE_CHECKING:
    from tests.database.backfill.conftest import Toys

NUMBERS = "select n::text from public.numbers as n order by id"


def test_inserted_rows_are_deleted_and_no_others(toys: Toys) -> None:
    toys.originals(100)
    toys.connection.execute(
        "insert into public.copies (original, n) select id, n from public.originals"
        " where n <= 10"
    )
    before = toys.rows("select id, original from public.copies order by id")
    toys.run(Copies)
    undone = toys.undo(Copies)
    assert (undone.undone, undone.kept) == (90, 0)
    assert toys.rows("select id, original from public.copies order by id") == before
    assert toys.status(Copies).state == "undone"
    assert sum(event.undone for event in toys.of(UndoBatchDone)) == 90
    assert len(toys.of(UndoBatchDone)) > 2


def test_updated_columns_are_set_back_to_the_letter(toys: Toys) -> None:
    toys.numbers(100)
    before = toys.rows(NUMBERS)
    toys.run(Doubled)
    assert toys.rows(NUMBERS) != before
    toys.undo(Doubled)
    assert toys.rows(NUMBERS) == before


def test_numbers_and_nulls_are_set_back_as_they_were(toys: Toys) -> None:
    toys.connection.execute(
        "insert into public.numbers (id, value) values (1, null), (2, '1.500'),"
        " (3, '12345678901234567890.1234567890123456789'), (4, 'NaN'), (5, 1e-20)"
    )
    before = toys.rows(NUMBERS)
    toys.run(Doubled)
    toys.undo(Doubled)
    assert toys.rows(NUMBERS) == before


def test_a_row_that_was_changed_since_is_left_and_named(toys: Toys) -> None:
    toys.numbers(50)
    toys.run(Doubled)
    toys.connection.execute(
        "update public.numbers set touched_at = now() where id in (7, 8)"
    )
    left = toys.rows("select * from public.numbers where id in (7, 8) order by id")
    undone = toys.undo(Doubled)
    assert (undone.undone, undone.kept) == (48, 2)
    kept = toys.of(RowKept)
    assert {(row.key, row.reason) for row in kept} == {
        (("7",), "changed"),
        (("8",), "changed"),
    }
    assert (
        toys.rows("select * from public.numbers where id in (7, 8) order by id") == left
    )
    assert toys.rows(
        "select key, kept from trunkline.backfill_written order by key"
    ) == [(["7"], "changed"), (["8"], "changed")]


def test_a_row_that_was_changed_and_changed_back_counts_as_ours(toys: Toys) -> None:
    toys.numbers(2)
    toys.run(Doubled)
    toys.connection.execute("update public.numbers set value = value + 1")
    toys.connection.execute("update public.numbers set value = value - 1")
    assert toys.undo(Doubled).undone == 2


def test_a_row_that_is_gone_is_named(toys: Toys) -> None:
    toys.originals(10)
    toys.run(Copies)
    toys.connection.execute("delete from public.copies where n = 3")
    undone = toys.undo(Copies)
    assert (undone.undone, undone.kept) == (9, 1)
    assert [row.reason for row in toys.of(RowKept)] == ["gone"]


def test_a_row_that_is_referred_to_since_is_left_and_named(toys: Toys) -> None:
    toys.originals(20)
    toys.run(Copies)
    toys.connection.execute(
        """
        create table public.users (copy bigint not null references public.copies);
        insert into public.users select id from public.copies where n = 5;
        """
    )
    undone = toys.undo(Copies)
    assert (undone.undone, undone.kept) == (19, 1)
    (kept,) = toys.of(RowKept)
    assert kept.reason.startswith("foreign_key_violation: update or delete on")


def test_a_column_that_was_added_since_is_no_change(toys: Toys) -> None:
    toys.numbers(20)
    toys.run(Doubled)
    toys.connection.execute("alter table public.numbers add column later int default 1")
    assert toys.undo(Doubled).undone == 20


def test_what_triggers_made_of_a_row_is_what_was_written(toys: Toys) -> None:
    toys.connection.execute(
        """
        create function public.touch() returns trigger language plpgsql as $$
        begin new.touched_at := clock_timestamp(); return new; end $$;
        create trigger touch before insert or update on public.copies
        for each row execute function public.touch();
        """
    )
    toys.originals(20)
    toys.run(Copies)
    assert toys.undo(Copies).undone == 20


def test_how_a_session_writes_its_values_is_no_change(toys: Toys) -> None:
    toys.connection.execute(
        "create table public.kinds (id int primary key, n int, f float8, b bytea,"
        " t timestamptz, i interval)"
    )
    toys.connection.execute(
        "insert into public.kinds values"
        " (1, 1, sqrt(2), '\\xdeadbeef', '2026-02-10 13:23:10+00', '1 day 02:03')"
    )
    before = toys.rows("select k::text from public.kinds as k")
    toys.run(Increased)
    toys.connection.execute(
        sql.SQL(
            "alter database {0} set timezone = 'Asia/Tokyo';"
            "alter database {0} set datestyle = 'SQL, DMY';"
            "alter database {0} set intervalstyle = 'iso_8601';"
            "alter database {0} set bytea_output = 'escape';"
            "alter database {0} set extra_float_digits = -15"
        ).format(sql.Identifier(toys.database))
    )
    assert toys.undo(Increased).undone == 1
    assert toys.rows("select k::text from public.kinds as k") == before


class Increased(Backfill):
    """Changes one column of a row with columns of many types."""

    name = "increased"
    source = Source(
        key=("k.id",), columns="k.id", tables="public.kinds as k", lock="for update"
    )
    writes = Updates("public.kinds", key=("id",), row="k", columns=("n",))

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        connection.execute("update public.kinds set n = n + 1")
        return [Migrated([row["id"]]) for row in rows]


def test_all_runs_are_undone_the_latest_first(toys: Toys) -> None:
    toys.numbers(10)
    before = toys.rows(NUMBERS)
    toys.run(Doubled)
    toys.connection.execute("update public.numbers set document = 'null'")
    between = toys.rows(NUMBERS)
    toys.run(Doubled)
    undone = toys.undo(Doubled)
    # The second run's rows go back to what they were between the two runs; by then
    # somebody else had changed them, so the first run's stay.
    assert toys.rows(NUMBERS) == between
    assert (undone.undone, undone.kept) == (10, 10)
    toys.connection.execute("delete from public.numbers")
    toys.numbers(10)
    toys.run(Doubled, limit=5)
    toys.undo(Doubled)
    assert toys.rows(NUMBERS) == before


def test_after_an_undo_a_run_begins_anew(toys: Toys) -> None:
    toys.originals(30)
    toys.run(Copies)
    toys.undo(Copies)
    assert toys.run(Copies).counts == Counts(total=30, migrated=30)
    toys.assert_each_copied_once(30)


def test_an_unfinished_run_is_stopped_and_undone(
    toys: Toys, in_background: Callable[..., Future[backfill.Report]]
) -> None:
    toys.originals(2000)
    running = in_background(toys.run, SlowCopies)
    toys.until(lambda: toys.value("select count(*) from public.copies") > 50)
    undone = toys.undo(SlowCopies)
    assert running.result(timeout=10).state in {"undoing", "undone"}
    assert undone.undone > 50
    assert toys.value("select count(*) from public.copies") == 0
    assert toys.value("select count(*) from trunkline.backfill_written") == 0


def test_an_undo_that_was_ended_goes_on_where_it_was(toys: Toys) -> None:
    toys.originals(100)
    toys.run(Copies)

    def end(event: Event) -> None:
        if isinstance(event, UndoBatchDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backfill.undo(toys.target, "copies", pace=PACE, emit=end)
    left = toys.value("select count(*) from public.copies")
    assert 0 < left < 100
    with pytest.raises(Failure, match="copies is being undone"):
        toys.run(Copies)
    assert toys.undo(Copies).undone == left
    assert toys.value("select count(*) from public.copies") == 0


def test_a_change_that_is_committed_while_undo_waits_for_it_is_kept(
    toys: Toys,
    another: Callable[[], psycopg.Connection],
    in_background: Callable[..., Future[Any]],
) -> None:
    toys.numbers(10)
    toys.run(Doubled)
    other = another()
    other.execute("begin; update public.numbers set value = 0 where id = 4")
    undoing = in_background(toys.undo, Doubled)
    toys.until(
        lambda: toys.value("select count(*) from pg_locks where not granted") > 0
    )
    other.execute("commit")
    undone = undoing.result(timeout=10)
    assert (undone.undone, undone.kept) == (9, 1)
    assert toys.value("select value from public.numbers where id = 4") == 0


def test_where_a_row_is_locked_those_behind_it_are_put_back_without_it(
    toys: Toys,
    another: Callable[[], psycopg.Connection],
    in_background: Callable[..., Future[Any]],
) -> None:
    toys.numbers(8)
    toys.run(Doubled)
    holder = another()
    holder.execute("begin; select from public.numbers where id = 6 for update")
    pace = backfill.Pace(first_batch=8, lock_timeout=0.05)
    undoing = in_background(backfill.undo, toys.target, "doubled", pace=pace)
    toys.until(
        lambda: (
            toys.value(
                "select count(*) from public.numbers"
                " where document::text not like '%%doubled%%'"
            )
            == 2
        )
    )
    holder.execute("commit")
    undone = undoing.result(timeout=30)
    assert (undone.undone, undone.kept) == (8, 0)


def test_there_is_nothing_to_undo_before_a_run_and_after_an_undo(toys: Toys) -> None:
    with pytest.raises(Failure, match="nothing of copies to undo"):
        toys.undo(Copies)
    toys.originals(5)
    toys.run(Copies)
    toys.undo(Copies)
    with pytest.raises(Failure, match="nothing of copies to undo"):
        toys.undo(Copies)


def test_undo_does_not_ask_the_code_of_the_backfill(toys: Toys) -> None:
    toys.originals(5)
    toys.run(Copies)
    toys.connection.execute("drop table public.originals")
    assert toys.undo(Copies).undone == 5


def test_what_was_written_can_be_forgotten_and_then_not_undone(toys: Toys) -> None:
    toys.numbers(20)
    toys.run(Doubled)
    assert backfill.forget(toys.target, "doubled") == 20
    assert toys.value("select count(*) from trunkline.backfill_written") == 0
    assert toys.status(Doubled).state == "forgotten"
    with pytest.raises(Failure, match="nothing of doubled to undo"):
        toys.undo(Doubled)


def test_a_run_that_is_not_finished_is_not_forgotten(toys: Toys) -> None:
    toys.originals(20)
    toys.run(BlindCopies, limit=5)
    with pytest.raises(Failure, match="not finished"):
        backfill.forget(toys.target, "blind-copies")
    assert backfill.forget(toys.target, "never-run") == 0
