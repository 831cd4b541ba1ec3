"""A backfill goes through its source once, and accounts for every row."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.toys import BlindCopies, Copies, Doubled
from trunkline import backfill
from trunkline.backfill import (
    Backfill,
    BatchDone,
    Counts,
    Inserts,
    Migrated,
    Outcome,
    Pace,
    Row,
    RowFailed,
    RunStarted,
    Source,
)
from trunkline.connect import connect, of_keywords
from trunkline.errors import Failure, StatementFailed

if TYPE_CHECKING:
    from tests.database.backfill.conftest import Toys

PACE = Pace(first_batch=7)


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


def test_a_sweep_keeps_no_book_and_joins_no_run(toys: Toys) -> None:
    toys.originals(20)
    toys.run(Copies, limit=5)
    book = "select r::text from trunkline.backfill_run as r"
    before = toys.rows(book)
    toys.originals(3, text="bad")
    report = backfill.sweep(toys.target, Copies, pace=Pace(first_batch=7))
    assert (report.run, report.state) == (None, "finished")
    assert report.counts == Counts(total=23, migrated=15, skipped=5, errors=3)
    assert [error.reason for error in report.errors] == ["bad_text"] * 3
    assert toys.value("select count(*) from public.copies") == 20
    assert toys.rows(book) == before
    assert toys.value("select count(*) from trunkline.backfill_written") == 5
    joined = toys.run(Copies).counts
    assert (joined.migrated, joined.skipped) == (5, 15)


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


@pytest.mark.parametrize("dry_run", [False, True])
def test_who_may_not_act_as_the_role_is_told_how_he_may(
    toys: Toys, dry_run: bool
) -> None:
    """Who has made a role administers it, and is no member that may take it on."""
    toys.originals(10)
    toys.connection.execute(
        f"""
        create table public.people (id uuid primary key, reader text, writer text);
        create role toy_maker login createrole password 'toy';
        grant create on database {toys.database} to toy_maker;
        """
    )
    maker = of_keywords(
        {**toys.target.keywords, "user": "toy_maker", "password": "toy"}
    )
    try:
        with connect(maker) as connection:
            connection.execute("create role toy_backfill nologin")
        toys.connection.execute(
            "grant select on public.originals to toy_backfill, toy_maker;"
            "grant insert on public.people to toy_backfill;"
            "grant select on public.people to toy_maker"
        )
        with pytest.raises(Failure, match="toy_maker may not act as toy_backfill") as e:
            backfill.run(maker, Named, pace=PACE, dry_run=dry_run)
        hint = re.fullmatch("Run `(grant .*;)` first.", e.value.hint or "")
        assert hint is not None
        with connect(maker) as connection:
            connection.execute(hint[1].encode())
        assert backfill.run(maker, Named, pace=PACE, dry_run=dry_run).counts.migrated
    finally:
        toys.connection.execute(
            "drop owned by toy_maker cascade; drop owned by toy_backfill;"
            "drop role toy_backfill; drop role toy_maker"
        )


def test_an_error_within_a_pipeline_is_told_by_nobody_but_itself(toys: Toys) -> None:
    """psycopg logs what else goes wrong then, and Python prints what nobody reads."""
    text = (
        "import sys; from trunkline.connect import connect, target\n"
        "with connect(target(sys.argv[1])) as c:\n"
        "    try:\n"
        "        with c.pipeline():\n"
        "            c.execute('select 1 / 0')\n"
        "            c.execute('select 1').fetchone()\n"
        "    except Exception as error:\n"
        "        print(error.sqlstate)\n"
    )
    url = toys.server.environment(toys.database)["DATABASE_URL"]
    done = subprocess.run(
        [sys.executable, "-c", text, url], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("22012\n", "")


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_row_lock_in_the_way_is_waited_for(
    toys: Toys, another: Callable[[], psycopg.Connection], dry_run: bool
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

    report = toys.run(Doubled, dry_run=dry_run, pace=patience, emit=release)
    assert report.counts.migrated == 3
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
