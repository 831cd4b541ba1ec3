"""The runner's connections to one database, for the length of a run.

One holds the runner's lock and does nothing else; the other does the work and is made
as new between two changes, so that no setting, role or temporary table of one change
reaches the next (yoyo gives each migration a connection of its own, for the same end).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import Connection

from trunkline.connect import Target, connect, settle
from trunkline.events import Emit
from trunkline.ledger import Ledger, State
from trunkline.locks import runner_lock


@dataclass(frozen=True)
class Session:
    """What work on a database needs. `lock_timeout` is in seconds."""

    work: Connection
    ledger: Ledger
    lock_timeout: float
    emit: Emit

    def state(self) -> State:
        """The ledger as it is now."""
        return self.ledger.read(self.work)

    def renew(self) -> None:
        """Forget all that a change has left in the session of the work connection."""
        self.work.execute("discard all")
        settle(self.work, lock_timeout=self.lock_timeout)


@contextmanager
def exclusive(
    target: Target,
    migration_table: str,
    *,
    wait: float,
    lock_timeout: float,
    emit: Emit,
) -> Iterator[Session]:
    """The session of the one runner that may write to the database.

    Waits for another runner for at most `wait` seconds, and makes the ledger where it
    is missing. Raises Unreachable, LockNotObtained, Failure (no right to the ledger).
    """
    with (
        connect(target) as guard,
        runner_lock(guard, wait, emit),
        alone(target, migration_table, lock_timeout=lock_timeout, emit=emit) as own,
    ):
        own.ledger.refuse_while_yoyo_runs(own.work)
        yield own


@contextmanager
def alone(
    target: Target, migration_table: str, *, lock_timeout: float, emit: Emit
) -> Iterator[Session]:
    """The same for a database that nobody else can know of: no lock is taken."""
    with connect(target, lock_timeout=lock_timeout) as work:
        ledger = Ledger(work, migration_table)
        ledger.install(work)
        yield Session(work, ledger, lock_timeout, emit)
