"""Run a statement that works beside the application, and clean up after it.

It waits for older transactions without a lock time-out, which is what leaves invalid
indexes, but with a deadline of its own; tells who holds it up and how far it is; and
leaves nothing of itself when it fails, or says what.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from psycopg import errors

from trunkline import concurrent, duplicates
from trunkline.concurrent import Concurrent
from trunkline.errors import Failure, LockNotObtained, StatementFailed
from trunkline.events import LockHeld, LocksTraced, Notice
from trunkline.execute import Work, execute, statement_errors
from trunkline.ledger import Step
from trunkline.locks import LOCK_ERRORS, retried
from trunkline.session import Session
from trunkline.statements import Statement
from trunkline.steps import begin, place, record


def run(
    session: Session, work: Work, number: int, what: Concurrent, begun: Step | None
) -> None:
    """Run statement `number`, which does `what`, to its end, and put it on record.

    `begun`: a run that was cut off has begun it. Raises StatementFailed,
    LockNotObtained, and Failure for what stands in its way or is left unfinished.
    """
    connection = session.work
    if begun is not None and concurrent.is_done(connection, what):
        session.emit(
            Notice(
                f"{place(work, number)}: finished by a run that was cut off before it "
                "could say so"
            )
        )
        record(session, work, (number,))
        return
    if begun is None:
        strangers = concurrent.strangers(connection, what)
        begin(session, work, number, strangers)
    else:
        strangers = begun.strangers

    def attempt() -> None:
        _drop(session, concurrent.remains(connection, what, strangers))
        finishing = concurrent.instead(connection, what)
        if what.does in concurrent.BUILDS:
            connection.execute(concurrent.LESS_WAL.encode())
        with _waiting_for_older(session, work.id):
            if finishing is None:
                execute(session, work, number)
            else:
                statement = work.script.statements[number - 1]
                with statement_errors(session, work, statement):
                    connection.execute(finishing.encode())

    locks = concurrent.locks(connection, what) if session.traced else ()
    started = perf_counter()
    try:
        retried(
            attempt,
            session.limits.lock_timeout,
            session.emit,
            budget=session.limits.lock_budget,
            watch=session.watch,
        )
    except StatementFailed as error:
        _clear(session, work, what, strangers)
        if what.does != "create" or error.sqlstate != errors.UniqueViolation.sqlstate:
            raise
        raise _with_duplicates(
            session, work.script.statements[number - 1], error
        ) from None
    except (LockNotObtained, errors.QueryCanceled, KeyboardInterrupt):
        if not connection.broken:
            _clear(session, work, what, strangers)
        raise
    if (wrong := concurrent.fault(connection, what)) is not None:
        raise Failure(
            f"{place(work, number)}: {wrong}",
            hint="See its definition and who has altered it meanwhile; then run again.",
        )
    record(session, work, (number,))
    held = tuple(
        LockHeld(
            direction=work.direction,
            line=work.script.statements[number - 1].line,
            relation=relation,
            mode=mode,
            seconds=perf_counter() - started,
            rewrote=False,
            scanned=what.does in concurrent.BUILDS,
        )
        for relation, mode in locks
    )
    if held:
        session.emit(LocksTraced(work.id, work.direction, held))


def _clear(
    session: Session, work: Work, what: Concurrent, strangers: tuple[int, ...]
) -> None:
    """Leave nothing of a statement that has failed, if that can be had at once."""
    connection = session.work
    left = concurrent.remains(connection, what, strangers)
    try:
        _drop(session, left, older=session.limits.lock_timeout)
    except (*LOCK_ERRORS, errors.QueryCanceled, KeyboardInterrupt) as error:
        session.emit(
            Notice(f"{', '.join(left)} is left invalid; the next run drops it first")
        )
        if isinstance(error, KeyboardInterrupt):  # the second one
            raise
        return
    if (half := concurrent.half_done(connection, what)) is not None:
        session.emit(Notice(f"{half}; the next run finishes that"))
    else:
        session.ledger.forget_begun(connection, work.id)


def _with_duplicates(
    session: Session, statement: Statement, error: StatementFailed
) -> StatementFailed:
    """The error of a unique index, with all that is in its way."""
    found = duplicates.told(session.work, statement)
    return StatementFailed(
        error.message,
        sqlstate=error.sqlstate,
        detail="\n".join(["SQLSTATE 23505.", *found]) if found else error.detail,
        hint="Make them unique, then run again.",
    )


def _drop(session: Session, names: tuple[str, ...], older: float | None = None) -> None:
    """Drop invalid indexes that are ours, once nobody is at work on their tables."""
    for name in names:
        with session.watch.attempt(session.limits.lock_timeout):
            if not concurrent.settled(session.work, name):
                continue
        with _waiting_for_older(session, older=older):
            session.work.execute(f"drop index concurrently {name}".encode())
        session.emit(Notice(f"dropped {name}, which had been left invalid"))


@contextmanager
def _waiting_for_older(
    session: Session, change: str = "", older: float | None = None
) -> Iterator[None]:
    """The wait for older transactions is not cut short by lock_timeout."""
    limits = session.limits
    session.work.execute("set lock_timeout = 0")
    try:
        with session.watch.attempt(
            limits.lock_timeout,
            older=limits.concurrent_timeout if older is None else older,
            change=change,
        ):
            yield
    finally:
        if not session.work.broken:
            milliseconds = f"{limits.lock_timeout * 1000:.0f}"
            session.work.execute(f"set lock_timeout = {milliseconds}".encode())
