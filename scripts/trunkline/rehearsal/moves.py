"""Take a change up or down as `apply` and `rollback` do, and ask none of its checks."""

from __future__ import annotations

from functools import partial

from psycopg import Connection

from trunkline import contents, runner
from trunkline.errors import TrunklineError
from trunkline.events import Direction
from trunkline.project import Change, Script
from trunkline.runner import Proof, Work
from trunkline.session import Session


def bring_up(session: Session, change: Change) -> str | None:
    """Apply a change without asking its checks; returns what went wrong, if it did."""
    try:
        run(session, change, change.migration, "up")
    except TrunklineError as error:
        return told(error)
    return None


def bring_down(session: Session, change: Change) -> str | None:
    """Roll a change back without asking any check; returns what went wrong."""
    if change.rollback is None:
        return f"the change has no rollbacks/{change.id}.sql"
    try:
        run(session, change, change.rollback, "down")
    except TrunklineError as error:
        return told(error)
    return None


def told(error: TrunklineError) -> str:
    """An error's message and facts, in one text."""
    return "\n".join(part for part in (error.message, error.detail, error.hint) if part)


def run(
    session: Session, change: Change, script: Script, direction: Direction
) -> frozenset[int]:
    """One direction as `apply` and `rollback` run it, its proof left to the caller.

    Returns the OIDs of the relations that it can have written to, if it is all one
    transaction. Raises TrunklineError, also for a file that could not be read.
    """
    for problem in change.problems_of(script):
        raise TrunklineError(str(problem), hint=problem.fault.hint or None)
    ledger = session.ledger
    record: runner.Record = (
        partial(ledger.record_applied, change=change)
        if direction == "up"
        else lambda connection, _: ledger.record_rolled_back(connection, change.id)
    )
    touched: frozenset[int] = frozenset()

    def look(connection: Connection, first: str) -> Proof:
        nonlocal touched
        if change.transactional:
            touched = contents.touched(connection, first)
        return Proof(())

    work = Work(change.id, direction, script, change.transactional)
    runner.run(session, work, prove=look, record=record)
    return touched
