"""A row that fails costs itself only, and is named with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.toys import BlindCopies, Copies
from trunkline.backfill import (
    Backfill,
    Counts,
    Inserts,
    Migrated,
    Outcome,
    Row,
    RowError,
    RowFailed,
    Skipped,
    Source,
    Updates,
)
from trunkline.errors import StatementFailed

if TYPE_CHECKING:
    from tests.database.backfill.conftest import Toys


def test_rows_that_fail_are_recorded_and_the_rest_goes_on(toys: Toys) -> None:
    toys.originals(60)
    toys.originals(3, text="bad")
    report = toys.run(Copies)
    assert report.counts == Counts(total=63, migrated=60, errors=3)
    failed = toys.status(Copies).errors
    assert {(row.reason, row.detail) for row in failed} == {
        ("bad_text", f"row {n} is bad") for n in (1, 2, 3)
    }
    assert {RowError(e.key, e.reason, e.detail) for e in toys.of(RowFailed)} == set(
        failed
    )
    keys = {
        (region, str(row_id))
        for region, row_id in toys.rows(
            "select region, id from public.originals where text = 'bad'"
        )
    }
    assert {row.key for row in failed} == keys


def test_a_row_that_failed_is_tried_by_the_next_run(toys: Toys) -> None:
    toys.originals(5, text="bad")
    toys.run(Copies)
    toys.connection.execute("update public.originals set text = 'good'")
    assert toys.run(Copies).counts == Counts(total=5, migrated=5)
    assert toys.status(Copies).errors == ()


def test_a_row_that_the_server_refuses_costs_itself_only(toys: Toys) -> None:
    toys.originals(50)
    toys.originals(2, text="x" * 30)
    report = toys.run(Copies)
    assert report.counts == Counts(total=52, migrated=50, errors=2)
    toys.assert_each_copied_once(50)
    reasons = {(row.reason, row.detail) for row in toys.status(Copies).errors}
    assert reasons == {
        (
            "check_violation",
            'value for domain short violates check constraint "short_check"',
        )
    }


class NullCopies(BlindCopies):
    """Makes of a text what no server takes."""

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        spoilt = [
            {**row, "text": "planted\0" if row["text"] == "null" else row["text"]}
            for row in rows
        ]
        return super().migrate(connection, spoilt)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_row_that_no_server_could_take_costs_itself_only(
    toys: Toys, dry_run: bool
) -> None:
    toys.originals(50)
    toys.originals(2, text="null")
    report = toys.run(NullCopies, dry_run=dry_run)
    assert report.counts == Counts(total=52, migrated=50, errors=2)
    assert {(row.reason, row.detail) for row in report.errors} == {("data_error", "")}


def test_what_the_server_says_is_kept_without_the_rows_values(toys: Toys) -> None:
    toys.connection.execute("create table public.n (id int primary key, t text)")
    toys.connection.execute("insert into public.n values (1, '1'), (2, 'planted')")

    class Casts(Backfill):
        name = "casts"
        source = Source(key=("id",), columns="id", tables="public.n")
        writes = Updates("public.n", key=("id",), row="n", columns=("t",))

        def migrate(
            self, connection: psycopg.Connection, rows: Sequence[Row]
        ) -> list[Outcome]:
            connection.execute(
                "update public.n set t = t::int + 1 where id = any(%s)",
                [[row["id"] for row in rows]],
            )
            return [Migrated([row["id"]]) for row in rows]

    Casts.source = Source(
        key=("id",), columns="id", tables="public.n", lock="for update"
    )
    assert toys.run(Casts).counts == Counts(total=2, migrated=1, errors=1)
    (error,) = toys.status(Casts).errors
    assert error == RowError(("2",), "invalid_text_representation", "")
    assert "planted" not in repr(toys.events)


def test_a_deferred_constraint_refuses_its_row_and_not_the_batch(toys: Toys) -> None:
    toys.originals(30)
    toys.connection.execute(
        """
        create function public.refuse() returns trigger language plpgsql as $$
        begin
            raise 'number 13 is refused' using errcode = 'TOY13';
        end $$;

        create constraint trigger refuse after insert on public.copies
        deferrable initially deferred
        for each row when (new.n = 13) execute function public.refuse();
        """
    )
    assert toys.run(Copies).counts == Counts(total=30, migrated=29, errors=1)
    (error,) = toys.status(Copies).errors
    assert (error.reason, error.detail) == ("TOY13", "number 13 is refused")


class ChildFirst(Backfill):
    """Writes two rows for one, the one that refers before the one it refers to."""

    name = "child-first"
    source = Source(key=("n.id",), columns="n.id", tables="public.numbers as n")
    writes = Inserts("public.parents", key=("id",))

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        ids = [row["id"] for row in rows]
        for table in ("children", "parents"):
            connection.execute(
                f"insert into public.{table} select unnest(%s::int[])".encode(), [ids]
            )
        return [Migrated([row_id]) for row_id in ids]


def test_constraints_are_deferred_in_every_half_of_a_batch(toys: Toys) -> None:
    toys.numbers(20)
    toys.connection.execute(
        """
        create table public.parents (id int primary key check (id <> 9));
        create table public.children (
            parent int references public.parents deferrable initially deferred
        );
        """
    )
    report = toys.run(ChildFirst)
    assert report.counts == Counts(total=20, migrated=19, errors=1)
    assert toys.value("select count(*) from public.children") == 19


def test_a_fault_that_is_not_the_datas_stops_the_run(toys: Toys) -> None:
    toys.originals(30)
    toys.connection.execute("alter table public.copies rename touched_at to at")
    toys.connection.execute("alter table public.copies drop column text")
    with pytest.raises(StatementFailed, match='column "text"') as failure:
        toys.run(Copies)
    assert failure.value.sqlstate == "42703"
    status = toys.status(Copies)
    assert (status.state, status.counts) == ("running", Counts())


def test_skipped_rows_are_not_journalled(toys: Toys) -> None:
    class Nothing(BlindCopies):
        name = "nothing"

        def migrate(
            self, connection: psycopg.Connection, rows: Sequence[Row]
        ) -> list[Outcome]:
            return [Skipped("not today") for _ in rows]

    toys.originals(20)
    assert toys.run(Nothing).counts == Counts(total=20, skipped=20)
    assert toys.value("select count(*) from trunkline.backfill_written") == 0
