"""Run one change, up or down: its statements, its proof, its record.

A transactional change is one transaction, proof and both ledgers' rows included: if
anything fails, nothing has happened. One that is not runs statement by statement, each
recorded when it has finished, and a second run goes on where the last one stopped.
What the proof is and what the record says are the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

from psycopg import Connection, Error, OperationalError, errors

from trunkline import aftermath, stepwise
from trunkline.errors import Failure, LockNotObtained, NotAsItShould, TrunklineError
from trunkline.events import ChangeFailed, ChangeStarted, CheckResult, LocksTraced
from trunkline.execute import Work, execute, failed
from trunkline.locks import LOCK_ERRORS
from trunkline.project import Script
from trunkline.session import Session
from trunkline.trace import Trace

__all__ = [
    "Proof",
    "ProofFailed",
    "Prove",
    "Record",
    "Work",
    "ask_after",
    "execute_all",
    "run",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Proof:
    """What checking has shown; `complaint` says what is not as it should be."""

    results: tuple[CheckResult, ...]
    complaint: str | None = None

    @property
    def ok(self) -> bool:
        return self.complaint is None


class ProofFailed(NotAsItShould):
    """the proof failed, and nothing has happened"""

    def __init__(self, proof: Proof) -> None:
        super().__init__(proof.complaint)
        self.proof = proof


Prove = Callable[[Connection, str], Proof]
"""Asks; some statements may have to be sent ahead, in the same message."""
Record = Callable[[Connection, float], None]


def run(session: Session, work: Work, prove: Prove, record: Record) -> Proof:
    """Run, prove, record, commit; the session is as new afterwards.

    `record` is called with the seconds from the first statement to the end of the
    proof. What an earlier run has finished of a change that is not transactional is not
    run again.

    Returns the proof: of a transactional change it is always good. Raises ProofFailed
    and StatementFailed (nothing has happened, or the finished statements are on
    record), LockNotObtained, UsageError for a file that is not the one that was begun,
    and Failure when the connection is lost, with what the ledger then says.
    """
    session.emit(ChangeStarted(work.id, work.direction))
    started = perf_counter()
    way = _in_one_transaction if work.transactional else _one_by_one
    try:
        proof = way(session, work, prove, record)
    except BaseException as error:
        session.emit(ChangeFailed(work.id, work.direction, perf_counter() - started))
        if isinstance(error, Error) and session.work.broken:
            raise aftermath.told(session, work, error) from None
        if not session.work.broken:
            session.work.rollback()
            session.renew()
        if isinstance(error, errors.QueryCanceled):
            raise Failure(
                f"{work.script.path}: cancelled on the server",
                detail=f"The server said: {error.diag.message_primary}.",
                hint=aftermath.GO_ON,
            ) from None
        raise
    return proof


def ask_after(session: Session, work: Work, ask: Callable[[], T]) -> T:
    """Ask checks after the commit of a change, with the same care for locks.

    Raises LockNotObtained and Failure, which say that the change has come through.
    """
    done = f"{work.id} is {aftermath.DONE[work.direction]}, and its checks after the"
    try:
        return session.patiently(ask)
    except LockNotObtained as error:
        raise LockNotObtained(
            f"{done} commit could not be asked",
            detail=error.detail,
            hint="Run `trunkline verify` when nobody is in the way.",
        ) from None
    except errors.QueryCanceled as error:
        raise Failure(
            f"{done} commit were cancelled on the server",
            detail=f"The server said: {error.diag.message_primary}.",
            hint="Run `trunkline verify`.",
        ) from None
    except Error as error:
        if session.work.broken:
            raise aftermath.told(session, work, error) from None
        raise


def execute_all(session: Session, script: Script) -> None:
    """Run a file that is no change (a fixture) in one transaction of its own.

    Raises StatementFailed; then nothing has happened.
    """
    work = Work(script.path, "up", script, transactional=True)
    with _commit_errors(session, work), session.work.transaction():
        for number in range(1, len(script.statements) + 1):
            execute(session, work, number)
    session.renew()


def _in_one_transaction(
    session: Session, work: Work, prove: Prove, record: Record
) -> Proof:
    connection = session.work
    ahead: list[str] = []

    def attempt() -> tuple[Proof, Trace | None]:
        started = perf_counter()
        count = len(work.script.statements)
        trace = Trace(connection, work.direction, count) if session.traced else None
        with _commit_errors(session, work):
            before = "".join(f"{first}; " for first in ("begin", *ahead))
            for number in range(1, count + 1):
                execute(session, work, number, trace, before)
                before = ""
            proof = prove(connection, before + session.reset_ahead())
            if not proof.ok:
                raise ProofFailed(proof)
            _recorded(work, lambda: record(connection, perf_counter() - started))
            session.commit(started)
        return proof, trace

    def afresh() -> tuple[Proof, Trace | None]:
        try:
            return attempt()
        except (*LOCK_ERRORS, errors.QueryCanceled):
            connection.rollback()
            session.renew()
            # Whom we keep waiting may hold what we wait for. So what was waited for in
            # vain with a lock in hand is locked first the next time, with empty hands.
            if (lock := session.watch.ahead) is not None:
                ahead[:] = [lock, *(other for other in ahead if other != lock)]
            raise

    proof, trace = session.patiently(afresh)
    if trace is not None:
        session.emit(LocksTraced(work.id, work.direction, trace.ended()))
    return proof


def _one_by_one(session: Session, work: Work, prove: Prove, record: Record) -> Proof:
    connection = session.work
    started = perf_counter()
    stepwise.run(session, work)
    session.reset()
    proof = session.patiently(lambda: prove(connection, ""))

    def recorded() -> None:
        with connection.transaction():
            _recorded(work, lambda: record(connection, perf_counter() - started))

    session.patiently(recorded)
    session.renew()
    return proof


def _recorded(work: Work, record: Callable[[], None]) -> None:
    try:
        record()
    except (*LOCK_ERRORS, OperationalError):
        raise
    except Error as error:
        raise failed(error, f"{work.script.path}: not recorded: ") from None


@contextmanager
def _commit_errors(session: Session, work: Work) -> Iterator[None]:
    """What only the commit finds (a deferred constraint) is told like a statement."""
    try:
        yield
    except (TrunklineError, *LOCK_ERRORS, OperationalError):
        raise
    except Error as error:
        if session.work.broken:  # by a time-out of the change's own, perhaps
            raise
        raise failed(error, f"{work.script.path}: at commit: ") from None
