"""What a live database is busy with: read twice, since counters only grow.

Its sizes, how often each table is read and written, and its longest transactions. It is
only read, and only its catalogs and statistics are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from time import monotonic, sleep
from typing import NamedTuple

from psycopg import Connection

from trunkline.connect import Target, reading

LEAST = 3.0
"""Seconds that are at least between the two readings."""
_KEPT = 5
"""So many of the longest transactions are told."""


@dataclass(frozen=True)
class Use:
    """A relation: its own size, that of its table with all indexes, and the statements
    a second that use it."""

    bytes: int
    all_bytes: int
    is_index: bool
    reads: float
    writes: float


@dataclass(frozen=True)
class Transaction:
    """A transaction that has been open for `seconds`, by whom, and what it uses."""

    pid: int
    user: str | None
    application: str | None
    state: str | None
    seconds: float
    relations: tuple[str, ...]


@dataclass(frozen=True)
class Busy:
    """A database at work. `seconds` were between the readings; `average_of` is how long
    its counters have been kept, None where that is not known."""

    label: str
    seconds: float
    average_of: float | None
    uses: Mapping[str, Use]
    longest: tuple[Transaction, ...]


class _Counters(NamedTuple):
    """One row of stats.sql."""

    reads: int
    writes: int
    bytes: int
    all_bytes: int
    is_index: bool


@dataclass(frozen=True)
class Reading:
    """One reading of the counters, and when it was."""

    at: float
    kept_for: float | None
    counters: Mapping[str, _Counters]
    transactions: tuple[Transaction, ...]


def read(target: Target) -> Reading:
    """Read the counters once. Raises Unreachable."""
    with reading(target) as connection:
        text = files("trunkline.rehearsal").joinpath("stats.sql").read_text("utf-8")
        rows = connection.execute(text.encode()).fetchall()
        row = connection.execute(
            "select extract(epoch from now() - stats_reset)::float8"
            " from pg_stat_database where datname = current_database()"
        ).fetchone()
        return Reading(
            at=monotonic(),
            kept_for=row[0] if row else None,
            counters={name: _Counters(*counts) for name, *counts in rows},
            transactions=tuple(_transactions(connection)),
        )


def since(target: Target, first: Reading) -> Busy:
    """Read again, at least `LEAST` seconds after `first`, and tell what went on.

    A rate is the greater of that meanwhile and the average since the counters were
    reset: a quiet moment promises nothing.
    """
    sleep(max(0.0, first.at + LEAST - monotonic()))
    second = read(target)
    seconds = second.at - first.at

    def rate(then: int, now: int) -> float:
        average = now / second.kept_for if second.kept_for else 0.0
        return max((now - then) / seconds, average, 0.0)

    uses = {}
    for name, now in second.counters.items():
        before = first.counters.get(name, now)
        uses[name] = Use(
            bytes=now.bytes,
            all_bytes=now.all_bytes,
            is_index=now.is_index,
            reads=rate(before.reads, now.reads),
            writes=rate(before.writes, now.writes),
        )
    seen = {one.pid: one for one in (*first.transactions, *second.transactions)}
    longest = sorted(seen.values(), key=lambda one: one.seconds, reverse=True)
    return Busy(target.label, seconds, second.kept_for, uses, tuple(longest[:_KEPT]))


def _transactions(connection: Connection) -> Iterator[Transaction]:
    """The longest open transactions of other clients, and the tables that they use.

    One of a role that we may not see (without pg_read_all_stats) has no age.
    """
    rows = connection.execute(
        "select a.pid, a.usename, a.application_name, a.state,"
        " extract(epoch from clock_timestamp() - a.xact_start)::float8,"
        " array(select distinct format('%%I.%%I', n.nspname, c.relname)"
        "  from pg_locks as l join pg_class as c on c.oid = l.relation"
        "  join pg_namespace as n on n.oid = c.relnamespace"
        "  where l.pid = a.pid and l.locktype = 'relation' and l.granted"
        "  and c.relkind not in ('i', 'I')"
        "  and n.nspname not in ('pg_catalog', 'information_schema'))"
        " from pg_stat_activity as a"
        " where a.datname = current_database() and a.pid <> pg_backend_pid()"
        " and a.backend_type = 'client backend' and a.xact_start is not null"
        " order by a.xact_start limit %s",
        [_KEPT],
    )
    for pid, user, application, state, seconds, relations in rows:
        yield Transaction(pid, user, application, state, seconds, tuple(relations))
