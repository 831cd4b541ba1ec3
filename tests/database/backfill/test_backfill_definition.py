"""A backfill that cannot work, or does not account for its rows, is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors

from tests.toys import BlindCopies, Copies, Doubled
from trunkline import backfill
from trunkline.backfill import (
    Backfill,
    Counts,
    Inserts,
    Migrated,
    Outcome,
    Row,
    Source,
)
from trunkline.errors import Failure, StatementFailed, UsageError

if TYPE_CHECKING:
    from tests.database.backfill.conftest import Toys


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


@pytest.mark.parametrize("options", [{"workers": 0}, {"limit": 0}, {"limit": 2**63}])
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
