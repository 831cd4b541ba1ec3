"""A batch that is sent in parts comes to what it would come to in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate, chain
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.toys import BlindCopies
from trunkline.backfill import (
    Backfill,
    Counts,
    Migrated,
    Outcome,
    Pace,
    Row,
    Updates,
    in_parts,
)

if TYPE_CHECKING:
    from tests.database.backfill.conftest import Toys

ONE_BATCH = Pace(first_batch=1_000, largest_batch=1_000)


class SentInParts(Backfill):
    """Shortens the texts of originals; one of 20 letters the server refuses."""

    name = "sent-in-parts"
    source = replace(
        BlindCopies.source, columns="o.region, o.id", lock="for update of o"
    )
    writes = Updates("public.originals", ("region", "id"), row="o", columns=("text",))

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        return in_parts(connection, rows, partial(self._sent, connection))

    def _sent(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        connection.execute(
            "update public.originals set text = (text || '!')::public.short"
            " where id = any(%s)",
            [[row["id"] for row in rows]],
        )
        return [Migrated((row["region"], row["id"])) for row in rows]


@pytest.mark.parametrize("rows", [1, 31, 32, 33, 63, 64, 500])
def test_parts_grow_and_leave_no_row_out(
    connection: psycopg.Connection, rows: int
) -> None:
    parts: list[list[int]] = []

    def sent(items: Sequence[int]) -> list[Outcome]:
        parts.append(list(items))
        return [Migrated([item]) for item in items]

    outcomes = in_parts(connection, range(rows), sent)
    assert outcomes == [Migrated([row]) for row in range(rows)]
    assert list(chain(*parts)) == list(range(rows))
    before = [0, *accumulate(map(len, parts))]
    assert len(parts) == (1 if rows < 32 else rows.bit_length() - 4)
    assert all(
        abs(len(part) - done) <= 1
        for part, done in zip(parts[1:], before[1:], strict=False)
    )


def test_the_server_writes_while_the_next_part_is_made(toys: Toys) -> None:
    seen = "select state = 'active' and query like %s from pg_stat_activity"
    parts = 0

    def sent(items: Sequence[int]) -> list[Outcome]:
        nonlocal parts
        if parts:
            pid, query = worker.info.backend_pid, f"select {parts}, pg_sleep(%"
            toys.until(lambda: toys.value(f"{seen} where pid = %s", query, pid))
        parts += 1
        worker.execute(f"select {parts}, pg_sleep(0.01)".encode())
        return [Migrated([item]) for item in items]

    with toys.server.connect(toys.database) as worker, worker.transaction():
        in_parts(worker, range(100), sent)
    assert parts == 3


@pytest.mark.parametrize("refused", [[0], [499], [15, 16], [100, 300], list(range(20))])
def test_refused_rows_cost_themselves_only_wherever_they_stand(
    toys: Toys, refused: list[int]
) -> None:
    toys.originals(500, text="fits")
    places = toys.rows("select id from public.originals order by region, id")
    toys.connection.execute(
        "update public.originals set text = repeat('x', 19) where id = any(%s)",
        [[places[n][0] for n in refused]],
    )
    report = toys.run(SentInParts, pace=ONE_BATCH)
    assert report.counts == Counts(500, 500 - len(refused), errors=len(refused))
    written = toys.rows("select count(*) from public.originals where text = 'fits!'")
    assert written == [(500 - len(refused),)]
