"""A backfill goes through its source once, and accounts for every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors

from tests.toys import BlindCopies, Copies, Doubled
from trunkline import backfill
from trunkline.backfill import (
    Backfill,
    BatchDone,
    Counts,
    Inserts,
    Migrated,
    Outcome,
    Row,
    RowError,
    RowFailed,
    RunStarted,
    Skipped,
    Source,
    Updates,
)
from trunkline.errors import Failure, StatementFailed, UsageError

if TYPE_CHECKING:
    from tests.database.backfill.conftest import Toys


def test_every_row_is_migrated_in_small_batches(toys: Toys) -> None:
    toys.originals(300)
    report = toys.run(Copies)
    assert report.state == "finished"
    assert report.counts == Counts(total=300, migrated=300)
    toys.assert_each_copied_once(300)
    batches = toys.of(BatchDone)
    assert len(batches) > 8
    assert max(batch.counts.total for batch in batches) <= 40
    assert sum((batch.counts for batch in batches), Counts()) == report.counts


class Beside(BlindCopies):
    """Each original has a row in a table beside it."""

    name = "beside"
    source = Source(
        key=("o.region", "o.id"),
        columns="o.id, o.n, s.text, null as copy",
        tables="public.originals as o join public.sides as s"
        " on s.region = o.region and s.id = o.id",
    )


def test_what_is_joined_to_the_source_is_looked_up_and_not_read_for_each_batch(
    toys: Toys,
) -> None:
    toys.originals(4000)
    toys.connection.execute(
        "create table public.sides as select region, id, text from public.originals;"
        "alter table public.sides add primary key (region, id)"
    )
    toys.connection.execute("vacuum analyze public.originals, public.sides")
    assert toys.run(Beside).counts == Counts(total=4000, migrated=4000)
    toys.connection.execute("select pg_stat_clear_snapshot()")
    read = toys.value(
        "select idx_tup_read from pg_stat_user_indexes"
        " where indexrelname = 'sides_pkey'"
    )
    assert 4000 <= read <= 2 * 4000


def test_an_empty_source_is_a_finished_run(toys: Toys) -> None:
    assert toys.run(Copies).counts == Counts()
    assert toys.status(Copies).state == "finished"


def test_a_second_run_migrates_nothing(toys: Toys) -> None:
    toys.originals(100)
    first = toys.run(Copies)
    second = toys.run(Copies)
    assert second.counts == Counts(total=100, skipped=100)
    assert second.run != first.run
    toys.assert_each_copied_once(100)


def test_rows_in_another_order_than_text_are_all_found(toys: Toys) -> None:
    toys.numbers(150)
    assert toys.run(Doubled).counts.migrated == 150
    assert toys.value("select count(*) from public.numbers where value = 2*id+0.2")


def test_a_condition_of_the_source_holds(toys: Toys) -> None:
    toys.originals(20)
    toys.connection.execute(
        "insert into public.originals (region, n) values ('a hidden one', 0)"
    )
    assert toys.run(Copies).counts == Counts(total=20, migrated=20)


def test_a_run_tells_what_it_begins_with(toys: Toys) -> None:
    toys.originals(100)
    toys.connection.execute("analyze public.originals")
    toys.run(BlindCopies, limit=10)
    toys.run(BlindCopies)
    first, second = toys.of(RunStarted)
    assert first.before == Counts()
    assert second.before == Counts(total=10, migrated=10)
    assert first.run == second.run
    assert first.estimate == second.estimate == 100


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


class TooFew(Copies):
    name = "too-few"

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        return super().migrate(connection, rows)[1:]


class NotThere(Copies):
    name = "not-there"

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        return [Migrated([-1 - n]) for n in range(len(rows))]


class Uncounted(Copies):
    name = "uncounted"

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        return [Outcome] * len(rows)  # type: ignore[list-item]  # what is refused


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (TooFew, "too-few answered for 6 of 7 rows"),
        (NotThere, "says that it wrote 7 rows, and 0 of them are in public.copies"),
        (Uncounted, 'violates check constraint "every_row_is_accounted_for"'),
    ],
)
def test_a_backfill_that_does_not_account_for_its_rows_is_refused(
    kind: type[Backfill], complaint: str, toys: Toys
) -> None:
    toys.originals(30)
    with pytest.raises((Failure, StatementFailed), match=complaint):
        toys.run(kind)
    assert toys.value("select count(*) from public.copies") == 0
    assert toys.status(kind).counts == Counts()


@pytest.mark.parametrize("table", ["backfill_run", "backfill_chunk"])
def test_the_database_refuses_counts_that_do_not_add_up(table: str, toys: Toys) -> None:
    toys.originals(30)
    toys.run(Copies)
    with pytest.raises(errors.CheckViolation, match="every_row_is_accounted_for"):
        toys.connection.execute(
            f"update trunkline.{table} set migrated = migrated - 1".encode()
        )
    toys.connection.execute(
        f"update trunkline.{table} set migrated = migrated - 1, errors = 1".encode()
    )


def test_a_limit_ends_the_work_after_so_many_rows_and_the_next_call_goes_on(
    toys: Toys,
) -> None:
    toys.originals(100)
    first = toys.run(BlindCopies, limit=45)
    assert (first.state, first.counts.total) == ("running", 45)
    second = toys.run(BlindCopies, limit=45)
    assert (second.state, second.counts.total) == ("running", 90)
    third = toys.run(BlindCopies)
    assert (third.state, third.counts.total) == ("finished", 100)
    assert first.run == third.run
    toys.assert_each_copied_once(100)


def test_a_limit_that_is_not_reached_finishes_the_run(toys: Toys) -> None:
    toys.originals(20)
    assert toys.run(BlindCopies, limit=20).state == "finished"
    assert toys.run(BlindCopies, limit=21).state == "finished"


def test_a_dry_run_says_what_would_be_and_leaves_no_trace(toys: Toys) -> None:
    toys.originals(80)
    toys.originals(3, text="bad")
    toys.originals(2, text="x" * 30)
    report = toys.run(Copies, dry_run=True)
    assert (report.run, report.state) == (None, "finished")
    assert report.counts == Counts(total=85, migrated=80, errors=5)
    assert len(toys.of(RowFailed)) == 5
    assert toys.value("select count(*) from public.copies") == 0
    assert toys.value("select to_regnamespace('trunkline')") is None
    assert backfill.status(toys.target, "copies") is None
    assert toys.run(Copies).counts == report.counts


def test_a_dry_run_keeps_to_its_limit(toys: Toys) -> None:
    toys.originals(80)
    report = toys.run(Copies, dry_run=True, limit=30)
    assert (report.state, report.counts.total) == ("running", 30)


def test_rows_that_appear_ahead_of_the_run_are_gone_through(toys: Toys) -> None:
    toys.numbers(50)
    toys.run(Doubled, limit=50)
    toys.connection.execute("insert into public.numbers values (1000, 1)")
    assert toys.run(Doubled).counts.total == 51


def test_rows_that_vanish_ahead_of_the_run_are_not_waited_for(toys: Toys) -> None:
    toys.numbers(50)
    toys.run(Doubled, limit=10)
    toys.connection.execute("delete from public.numbers where id > 10")
    report = toys.run(Doubled)
    assert (report.state, report.counts.total) == ("finished", 10)


class Changed(BlindCopies):
    source = Source(
        key=("o.id",),
        columns="o.id, o.n, o.text, null as copy",
        tables="public.originals as o",
    )


class WithoutLock(Doubled):
    source = Source(
        key=("n.id",), columns="n.id, n.document", tables="public.numbers as n"
    )


class NoSource(BlindCopies):
    source = Source(key=("x.id",), columns="x.id", tables="public.missing as x")


class NoTable(BlindCopies):
    writes = Inserts("public.missing", key=("id",))


class NoColumn(BlindCopies):
    writes = Inserts("public.copies", key=("missing",))


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (WithoutLock, "must lock them"),
        (NoSource, "source of the backfill cannot be read"),
        (NoTable, "no table public.missing"),
        (NoColumn, "table public.copies has no column missing"),
    ],
)
def test_a_backfill_that_cannot_work_is_refused_before_it_begins(
    kind: type[Backfill], complaint: str, toys: Toys
) -> None:
    with pytest.raises(UsageError, match=complaint):
        toys.run(kind)
    assert backfill.status(toys.target, kind.name) is None


@pytest.mark.parametrize("options", [{"workers": 0}, {"limit": 0}])
def test_nothing_to_work_with_is_wrong_usage(
    options: dict[str, int], toys: Toys
) -> None:
    with pytest.raises(UsageError):
        toys.run(Copies, **options)


def test_a_run_is_finished_with_the_definition_that_began_it(toys: Toys) -> None:
    toys.originals(20)
    toys.run(BlindCopies, limit=5)
    with pytest.raises(Failure, match="not what it was when run 1 began"):
        toys.run(Changed)
    toys.run(BlindCopies)
    assert toys.run(Changed).run == 2


class Named(Backfill):
    """Writes down who it is that reads and writes."""

    name = "named"
    role = "toy_backfill"
    source = Source(
        key=("o.id",),
        columns="o.id, current_user as reader",
        tables="public.originals as o",
    )
    writes = Inserts("public.people", key=("id",))

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        connection.cursor().executemany(
            "insert into public.people values (%s, %s, current_user)",
            [[row["id"], row["reader"]] for row in rows],
        )
        return [Migrated([row["id"]]) for row in rows]


def test_a_backfill_reads_and_writes_as_its_role(toys: Toys) -> None:
    toys.originals(10)
    toys.connection.execute(
        """
        create role toy_backfill nologin;
        create table public.people (id uuid primary key, reader text, writer text);
        grant select on public.originals to toy_backfill;
        grant insert on public.people to toy_backfill;
        """
    )
    try:
        toys.run(Named)
        assert toys.rows("select distinct reader, writer from public.people") == [
            ("toy_backfill", "toy_backfill")
        ]
        toys.connection.execute("revoke insert on public.people from toy_backfill")
        toys.originals(1)
        with pytest.raises(StatementFailed, match="permission denied"):
            toys.run(Named)
    finally:
        toys.connection.execute("drop owned by toy_backfill; drop role toy_backfill")


def test_a_row_lock_in_the_way_is_waited_for(
    toys: Toys, another: Callable[[], psycopg.Connection]
) -> None:
    toys.numbers(3)
    other = another()
    other.execute("begin; update public.numbers set value = 0 where id = 2")
    patience = backfill.Pace(lock_timeout=0.05)

    def release(event: object) -> None:
        toys.events.append(event)  # type: ignore[arg-type]  # any event at all
        if "lock" in repr(event) and not other.closed:
            other.execute("commit")
            other.close()

    assert toys.run(Doubled, pace=patience, emit=release).counts.migrated == 3
    assert "lock timeout" in repr(toys.events)
    assert toys.value("select value from public.numbers where id = 2") == 0


def test_every_table_and_column_of_the_bookkeeping_that_is_not_obvious_is_explained(
    toys: Toys,
) -> None:
    toys.run(Copies)
    obvious = {"id", "run_id", "at", "started_at", "errors", "migrated", "skipped"}
    unexplained = toys.rows(
        "select c.relname, a.attname from pg_class as c"
        " join pg_attribute as a on a.attrelid = c.oid and a.attnum >= 0"
        " where c.relnamespace = 'trunkline'::regnamespace and c.relkind = 'r'"
        " and col_description(c.oid, a.attnum) is null"
    )
    assert {column for _, column in unexplained} <= obvious
    assert not toys.rows(
        "select relname from pg_class where relkind = 'r'"
        " and relnamespace = 'trunkline'::regnamespace"
        " and obj_description(oid, 'pg_class') is null"
    )


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
