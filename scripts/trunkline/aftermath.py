"""What became of a change when the connection was lost in the middle of it.

The answer to a commit can be lost, so only the ledger knows; and only once the server
has ended the session that was lost, for until then it may still commit.
"""

from __future__ import annotations

from contextlib import closing
from time import monotonic, sleep

from psycopg import Connection, Error

from trunkline.connect import connect
from trunkline.errors import Failure, TrunklineError
from trunkline.events import Direction
from trunkline.execute import Work
from trunkline.ledger import Ledger, State
from trunkline.locks import WORKER_KEY
from trunkline.session import Session
from trunkline.watch import holders

GO_ON = "See `trunkline status` for what is applied, then run again."
#: Seconds that the server gets to recover, and then to end the session.
PATIENCE = 10.0
DONE: dict[Direction, str] = {"up": "applied", "down": "rolled back"}


def told(session: Session, work: Work, error: Error) -> Failure:
    """The loss of the connection as a Failure that says what the ledger says."""
    session.work.close()
    said = error.diag.message_primary or str(error)
    reason = " ".join(said.split()).rstrip(".")
    facts, hint = _facts(session, work)
    return Failure(
        f"the connection to {session.target.label} was lost",
        detail=f"{facts}\nThe last word was: {reason}.",
        hint=hint,
    )


def _facts(session: Session, work: Work) -> tuple[str, str]:
    """What has become of the change, and what to do."""
    state = _state(session)
    if state is None:
        return f"What has become of {work.id} is not known.", GO_ON
    done = len(state.steps_of(work.id, work.direction))
    if work.direction == "up" and work.id in state.applied:
        return (
            f"{work.id} is applied: its commit had come through.",
            "Run `trunkline verify` for the checks after the commit, then run again.",
        )
    if work.direction == "down" and work.id not in state.applied:
        return (
            f"{work.id} is rolled back: its commit had come through.",
            "Run `trunkline verify`, then run again for the rest.",
        )
    if work.transactional:
        done_with = DONE[work.direction]
        return (
            f"{work.id} has not been {done_with}; nothing has happened.",
            "Run it again.",
        )
    total = len(work.script.statements)
    return (
        f"{done} of the {total} statements of {work.script.path} are on record.",
        "Run it again: it goes on where it stopped.",
    )


def _state(session: Session) -> State | None:
    """The ledger after the lost session has ended; None if that cannot be had."""
    deadline = monotonic() + PATIENCE
    while True:
        try:
            with closing(connect(session.target)) as connection:
                _wait_for_end(connection, session, deadline)
                table = session.migration_table
                return Ledger(connection, table).read(connection)
        except (TrunklineError, Error):
            if monotonic() > deadline:
                return None
            sleep(0.1)


def _wait_for_end(connection: Connection, session: Session, deadline: float) -> None:
    """Have the server end the lost session, if it is still there, and wait for it."""
    while session.guarded and any(
        holder.pid == session.pid for holder in holders(connection, WORKER_KEY)
    ):
        connection.execute("select pg_terminate_backend(%s)", [session.pid])
        if monotonic() > deadline:
            raise Failure
        sleep(0.05)
