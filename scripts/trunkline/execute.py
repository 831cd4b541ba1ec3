"""One file of a change, and how one of its statements is run.

A statement that fails is told with its file and line; how it is retried and recorded is
the caller's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from psycopg import Error, errors

from trunkline.errors import StatementFailed
from trunkline.events import Direction, StatementDone
from trunkline.locks import LOCK_ERRORS
from trunkline.project import Script
from trunkline.session import Session
from trunkline.statements import Statement, line_of
from trunkline.trace import Trace
from trunkline.veil import veiled

#: What to do, where the server does not say, by SQLSTATE.
_HINTS = {
    "2D000": "What commits by itself needs `-- transactional: false` in the header of "
    "the migration.",
    "25001": "Write `-- transactional: false` in the header of the migration.",
    "55P04": "Add the value in a change of its own, before the one that uses it.",
}


@dataclass(frozen=True)
class Work:
    """One file of a change, to be run in one direction."""

    id: str
    direction: Direction
    script: Script
    transactional: bool


def execute(
    session: Session,
    work: Work,
    number: int,
    trace: Trace | None = None,
    before: str = "",
) -> None:
    """Run a statement, by its number from 1, and tell that it is done.

    `before` is sent ahead of it in one message, which saves a round trip.

    Raises StatementFailed, and the psycopg.Error of a lock that was not obtained, of a
    cancelled query and of a lost connection.
    """
    statement = work.script.statements[number - 1]
    started = perf_counter()
    with statement_errors(session, work, statement, len(before)):
        session.work.execute(f"{before}{statement.text}".encode())
    seconds = perf_counter() - started
    if trace is not None:
        trace.note(statement.line, started)
    session.emit(
        StatementDone(
            id=work.id,
            direction=work.direction,
            number=number,
            total=len(work.script.statements),
            line=statement.line,
            seconds=seconds,
        )
    )


@contextmanager
def statement_errors(
    session: Session, work: Work, statement: Statement, behind: int = 0
) -> Iterator[None]:
    """Tell the failure of a statement with its place, if it is the statement's own.

    It stands `behind` so many characters in its message.
    """
    try:
        yield
    except (*LOCK_ERRORS, errors.QueryCanceled):
        raise
    except Error as error:
        if session.work.broken:
            raise
        position = error.diag.statement_position
        line = (
            line_of(statement, int(position) - behind) if position else statement.line
        )
        raise failed(error, f"{work.script.path}:{line}: ") from None


def failed(error: Error, where: str) -> StatementFailed:
    """The server's error as ours; `where` comes before its message."""
    facts = [f"SQLSTATE {error.sqlstate}."] if error.sqlstate else []
    if detail := error.diag.message_detail:
        # A violated constraint's (class 23) has values of somebody's row.
        facts.append(veiled(detail) if str(error.sqlstate)[:2] == "23" else detail)
    facts += [error.diag.context] if error.diag.context else []
    return StatementFailed(
        f"{where}{error.diag.message_primary or error}",
        sqlstate=error.sqlstate,
        detail="\n".join(facts) or None,
        hint=error.diag.message_hint or _HINTS.get(str(error.sqlstate)),
    )
