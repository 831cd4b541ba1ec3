"""Toy backfills: over tables of their own, importable by the processes of workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from trunkline.backfill import (
    Backfill,
    Failed,
    Inserts,
    Migrated,
    Outcome,
    Row,
    Skipped,
    Source,
    Updates,
)

TABLES = """
create table public.originals (
    region text not null,
    id uuid not null default gen_random_uuid(),
    n integer not null,
    text text,
    primary key (region, id)
);

create domain public.short as text check (length(value) < 20);

create table public.copies (
    id bigint generated always as identity primary key,
    original uuid not null,
    n integer not null,
    text public.short,
    touched_at timestamptz
);

create index on public.copies (original);

create table public.numbers (
    id bigint primary key,
    value numeric,
    document json,
    touched_at timestamptz
);
"""


class Copies(Backfill):
    """Copies each original that has no copy yet; a text says what is to go wrong."""

    name = "copies"
    source = Source(
        key=("o.region", "o.id"),
        columns="o.id, o.n, o.text, c.id as copy",
        tables="public.originals as o"
        " left join public.copies as c on c.original = o.id",
        # The percent sign stands for any that an author may write.
        where="o.region not like '%hidden%'",
        lock="for share of o",
    )
    writes = Inserts("public.copies", key=("id",))

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        new = [row for row in rows if row["copy"] is None and row["text"] != "bad"]
        written = connection.execute(
            "insert into public.copies (original, n, text) select * from"
            " unnest(%s::uuid[], %s::int[], %s::text[]) returning original, id",
            [[row[name] for row in new] for name in ("id", "n", "text")],
        )
        ids: dict[Any, int] = dict(written.fetchall())
        return [self._outcome(row, ids) for row in rows]

    def _outcome(self, row: Row, ids: dict[Any, int]) -> Outcome:
        if row["copy"] is not None:
            return Skipped("already copied")
        if row["text"] == "bad":
            return Failed("bad_text", f"row {row['n']} is bad")
        return Migrated([ids[row["id"]]])


class BlindCopies(Copies):
    """Copies without looking for a copy, so that a row done twice shows."""

    name = "blind-copies"
    source = Source(
        key=("o.region", "o.id"),
        columns="o.id, o.n, o.text, null as copy",
        tables="public.originals as o",
    )


class SlowCopies(BlindCopies):
    """The same, so that there is time to disturb it."""

    name = "slow-copies"

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        outcomes = super().migrate(connection, rows)
        connection.execute("select pg_sleep(0.01)")
        return outcomes


class Doubled(Backfill):
    """Doubles each number in place, as its document says once it is done."""

    name = "doubled"
    source = Source(
        key=("n.id",),
        columns="n.id, n.document",
        tables="public.numbers as n",
        lock="for no key update of n",
    )
    writes = Updates(
        "public.numbers", key=("id",), row="n", columns=("value", "document")
    )

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        new = [row["id"] for row in rows if row["document"] != {"doubled": True}]
        connection.execute(
            "update public.numbers set value = value * 2,"
            " document = '{\"doubled\": true}' where id = any(%s)",
            [new],
        )
        return [
            Migrated([row["id"]]) if row["id"] in new else Skipped("already doubled")
            for row in rows
        ]


class FaultyCopies(BlindCopies):
    """Has a fault of its own."""

    name = "faulty-copies"

    def migrate(
        self, connection: psycopg.Connection, rows: Sequence[Row]
    ) -> list[Outcome]:
        raise KeyError(rows[0]["text"])
