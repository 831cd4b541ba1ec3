"""Runs of one change by a process of its own, which stops where it is told to.

It runs what `apply` and `rollback` run, in a session with the same locks. At its point
it says so and waits: to be killed, or to go on and see what has become of its session.
"""

from __future__ import annotations

import os
import select
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from typing import Any, Literal

from psycopg import Connection

from trunkline.connect import Target
from trunkline.errors import TrunklineError
from trunkline.events import Direction, Event, StatementDone
from trunkline.ledger import Executes, Ledger
from trunkline.limits import Limits
from trunkline.project import Change
from trunkline.rehearsal.crash.points import Kind, Point
from trunkline.rehearsal.moves import bring_down, bring_up, told
from trunkline.session import exclusive

LIMITS = Limits(wait=30.0, lock_budget=30.0)
"""A run waits for the session of the one before it to end, and for nobody else."""


@dataclass(frozen=True)
class Order:
    """Take `change` up or down on `target`, and stop at `point`; None: do not stop."""

    target: Target
    migration_table: str
    change: Change
    direction: Direction
    point: Point | None


@dataclass(frozen=True)
class Said:
    """`begun`: `number` is the server's process; `stopped` at the point; `ended`, well
    where there is no `error`."""

    what: Literal["begun", "stopped", "ended"]
    number: int = 0
    error: str | None = None


def serve(pipe: Pipe) -> None:
    """Carry out the orders that come through the pipe, until nobody is there any more.

    Does not raise.
    """
    with suppress(EOFError, OSError):
        while True:
            order: Order = pipe.recv()
            pipe.send(os.getpid())
            try:
                error = _carry_out(order, pipe)
            except EOFError:
                return
            except TrunklineError as failure:
                error = told(failure)
            except Exception:
                error = traceback.format_exc()
            pipe.send(Said("ended", error=error))


def _carry_out(order: Order, pipe: Pipe) -> str | None:
    stop = _Stop(order.point, pipe)
    with exclusive(
        order.target, order.migration_table, limits=LIMITS, emit=stop.event
    ) as session:
        stop.connection = session.work
        pipe.send(Said("begun", session.pid))
        there = order.change.id in session.state().applied
        if there == (order.direction == "up"):
            return None
        ledger = _Telling(session.work, order.migration_table, stop)
        move = bring_up if order.direction == "up" else bring_down
        return move(replace(session, ledger=ledger), order.change)


class _Stop:
    """Stops the run at its point."""

    connection: Connection

    def __init__(self, point: Point | None, pipe: Pipe) -> None:
        self._point = point
        self._pipe = pipe

    def event(self, event: Event) -> None:
        if isinstance(event, StatementDone):
            self._come_to("after", event.number)

    def recorded(self, statement: int = 0) -> None:
        """The transaction that ends with this record has nothing left but to commit."""
        self._come_to("commit", statement)
        if self._point == Point("sent", statement):
            # What the runner would send next; the answer comes, and stays unread.
            self.connection.pgconn.send_query(b"commit")
            self.connection.pgconn.flush()
            select.select([self.connection.pgconn.socket], [], [])
            self._come_to("sent", statement)

    def _come_to(self, kind: Kind, statement: int) -> None:
        if self._point == Point(kind, statement):
            self._pipe.send(Said("stopped"))
            self._pipe.recv()


class _Telling(Ledger):
    """The ledger, telling of each record that a commit follows."""

    def __init__(
        self, connection: Connection, migration_table: str, stop: _Stop
    ) -> None:
        super().__init__(connection, migration_table)
        self._stop = stop

    def record_applied(self, *args: Any, **keywords: Any) -> None:
        super().record_applied(*args, **keywords)
        self._stop.recorded()

    def record_rolled_back(self, connection: Executes, change_id: str) -> None:
        super().record_rolled_back(connection, change_id)
        self._stop.recorded()

    def record_step(
        self,
        connection: Executes,
        change_id: str,
        direction: Direction,
        number: int,
        statement: Any,
    ) -> None:
        super().record_step(connection, change_id, direction, number, statement)
        self._stop.recorded(number)
