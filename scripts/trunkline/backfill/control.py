"""Look at a backfill, pause it and let it go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from psycopg import Connection

from trunkline.backfill import book
from trunkline.backfill.book import RowError, RunState
from trunkline.backfill.events import Counts
from trunkline.backfill.pace import APPLICATION, DEFAULT
from trunkline.backfill.session import session
from trunkline.connect import Target
from trunkline.errors import Failure
from trunkline.events import Emit, ignore
from trunkline.locks import retried


@dataclass(frozen=True)
class Status:
    """How the latest run of a backfill stands.

    `estimate` is the planner's guess of all source rows at the start; `workers` counts
    the sessions on the database that belong to the backfill now; `written` the rows
    that undo could put back, `errors` has all rows that could not be migrated.
    """

    name: str
    run: int
    state: RunState
    counts: Counts
    estimate: int
    started_at: datetime
    finished_at: datetime | None
    workers: int
    errors: tuple[RowError, ...]


def status(target: Target, name: str) -> Status | None:
    """How the latest run of a backfill stands; None: there has been none.

    Reads only. Raises Unreachable, StatementFailed.
    """
    with session(target, f"{name} status", DEFAULT, read_only=True) as connection:
        run = book.is_installed(connection) and book.latest(connection, name)
        if not run:
            return None
        return Status(
            name=run.name,
            run=run.id,
            state=run.state,
            counts=book.counts(connection, run),
            estimate=run.estimate,
            started_at=run.started_at,
            finished_at=run.finished_at,
            workers=_workers(connection, name),
            errors=book.row_errors(connection, run),
        )


def pause(target: Target, name: str, *, emit: Emit = ignore) -> None:
    """Let no worker begin another batch of the open run, on any machine.

    Returns when the last open batch has ended. Raises Failure when no run is at work.
    """
    _change(target, name, "running", "paused", emit)


def resume(target: Target, name: str, *, emit: Emit = ignore) -> None:
    """Let workers go on with the paused run; `run` then does so.

    Raises Failure when no run is paused.
    """
    _change(target, name, "paused", "running", emit)


def _change(
    target: Target, name: str, old: RunState, new: RunState, emit: Emit
) -> None:
    with session(target, f"{name} control", DEFAULT) as connection:
        run = book.is_installed(connection) and book.latest(connection, name, old)
        if not run:
            raise Failure(f"no run of {name} is {old}")
        change = partial(book.change_state, connection, run, new)
        retried(change, DEFAULT.lock_timeout, emit)


def _workers(connection: Connection, name: str) -> int:
    row = connection.execute(
        "select count(*) from pg_catalog.pg_stat_activity"
        " where datname = current_database() and application_name = left(%s, 63)",
        [f"{APPLICATION} {name}"],
    ).fetchone()
    return 0 if row is None else int(row[0])
