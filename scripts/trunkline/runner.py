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

from psycopg import Connection, Error, OperationalError, errors
from psycopg.pq import TransactionStatus

from trunkline.connect import settle
from trunkline.errors import Failure, NotAsItShould, StatementFailed, UsageError
from trunkline.events import (
    ChangeFailed,
    ChangeStarted,
    CheckResult,
    Direction,
    StatementDone,
)
from trunkline.ledger import Step
from trunkline.locks import retried
from trunkline.project import Script
from trunkline.session import Session
from trunkline.statements import Statement, line_of

LOCK_ERRORS = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)


@dataclass(frozen=True)
class Work:
    """One file of a change, to be run in one direction."""

    id: str
    direction: Direction
    script: Script
    transactional: bool


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


Prove = Callable[[Connection], Proof]
Record = Callable[[Connection, float], None]


def run(
    session: Session, work: Work, steps: tuple[Step, ...], prove: Prove, record: Record
) -> Proof:
    """Run, prove, record, commit; the session is as new afterwards.

    `steps` are the statements that an earlier run has finished; `record` is called with
    the seconds from the first statement to the end of the proof.

    Returns the proof: of a transactional change it is always good. Raises ProofFailed
    and StatementFailed (nothing has happened, or the finished statements are on
    record), LockNotObtained, UsageError for steps that belong to another text, and
    Failure when the connection is lost.
    """
    session.emit(ChangeStarted(work.id, work.direction))
    started = perf_counter()
    way = _in_one_transaction if work.transactional else _one_by_one
    try:
        with _connection_errors():
            proof = way(session, work, steps, prove, record)
            session.renew()
    except BaseException:
        session.emit(ChangeFailed(work.id, work.direction, perf_counter() - started))
        raise
    return proof


def execute_all(session: Session, script: Script) -> None:
    """Run a file that is no change (a fixture) in one transaction of its own.

    Raises StatementFailed; then nothing has happened.
    """
    work = Work(script.path, "up", script, transactional=True)
    with _commit_errors(work), session.work.transaction():
        for number, statement in enumerate(script.statements, start=1):
            _execute(session, work, number, statement)
    session.renew()


def _in_one_transaction(
    session: Session, work: Work, steps: tuple[Step, ...], prove: Prove, record: Record
) -> Proof:
    del steps  # a transaction leaves none
    connection = session.work

    def attempt() -> Proof:
        started = perf_counter()
        with _commit_errors(work), connection.transaction():
            for number, statement in enumerate(work.script.statements, start=1):
                _execute(session, work, number, statement)
            _restore_settings(session)
            proof = prove(connection)
            if not proof.ok:
                raise ProofFailed(proof)
            record(connection, perf_counter() - started)
        return proof

    def afresh() -> Proof:
        try:
            return attempt()
        except LOCK_ERRORS:
            session.renew()
            raise

    return retried(afresh, session.lock_timeout, session.emit)


def _one_by_one(
    session: Session, work: Work, steps: tuple[Step, ...], prove: Prove, record: Record
) -> Proof:
    connection = session.work
    statements = work.script.statements
    _refuse_other_text(work, steps)
    for number in range(1, len(steps) + 1):
        if statements[number - 1].kind == "variable_set_stmt":
            _execute(session, work, number, statements[number - 1])
    started = perf_counter()
    for number in range(len(steps) + 1, len(statements) + 1):
        _one(session, work, number, statements[number - 1])
    if connection.info.transaction_status != TransactionStatus.IDLE:
        connection.execute("rollback")
        raise StatementFailed(
            f"{work.script.path}: the file ends inside a transaction that it began",
            hint="Add the missing `commit;`.",
        )
    _restore_settings(session)
    proof = prove(connection)
    with connection.transaction():
        record(connection, perf_counter() - started)
    return proof


def _one(session: Session, work: Work, number: int, statement: Statement) -> None:
    """One statement and its record: in one transaction wherever the server allows."""
    connection = session.work

    def execute() -> None:
        _execute(session, work, number, statement)

    def keep() -> None:
        session.ledger.record_step(
            connection, work.id, work.direction, number, statement
        )

    def both() -> None:
        with connection.transaction():
            execute()
            keep()

    if (
        statement.is_transaction_control
        or connection.info.transaction_status != TransactionStatus.IDLE
    ):
        # The file's own transaction: its record goes with it, if it comes to a commit.
        execute()
        keep()
        return
    try:
        retried(both, session.lock_timeout, session.emit)
    except StatementFailed as error:
        if error.sqlstate not in (
            errors.ActiveSqlTransaction.sqlstate,
            errors.InvalidTransactionTermination.sqlstate,
        ):
            raise
        retried(execute, session.lock_timeout, session.emit)
        keep()


def _execute(session: Session, work: Work, number: int, statement: Statement) -> None:
    started = perf_counter()
    try:
        session.work.execute(statement.text.encode())
    except LOCK_ERRORS:
        raise
    except Error as error:
        if session.work.broken:
            raise
        raise _statement_failed(work, statement, error) from None
    session.emit(
        StatementDone(
            id=work.id,
            direction=work.direction,
            number=number,
            total=len(work.script.statements),
            line=statement.line,
            seconds=perf_counter() - started,
        )
    )


def _statement_failed(
    work: Work, statement: Statement, error: Error
) -> StatementFailed:
    position = error.diag.statement_position
    line = line_of(statement, int(position)) if position else statement.line
    facts = [f"SQLSTATE {error.sqlstate}."] if error.sqlstate else []
    facts += [error.diag.message_detail] if error.diag.message_detail else []
    facts += [error.diag.context] if error.diag.context else []
    return StatementFailed(
        f"{work.script.path}:{line}: {error.diag.message_primary or error}",
        sqlstate=error.sqlstate,
        detail="\n".join(facts) or None,
        hint=error.diag.message_hint,
    )


def _restore_settings(session: Session) -> None:
    """Checks and records see the runner's role and settings, not the migration's."""
    session.work.execute("reset session authorization; reset role; reset all")
    settle(session.work, lock_timeout=session.lock_timeout)


def _refuse_other_text(work: Work, steps: tuple[Step, ...]) -> None:
    texts = [statement.sha256 for statement in work.script.statements]
    if [step.statement_sha256 for step in steps] != texts[: len(steps)]:
        raise UsageError(
            f"{work.script.path} has changed since it was half run",
            detail=f"{len(steps)} statements of the former text have finished.",
            hint="Put the former text back and finish it; or undo those statements by "
            f"hand and delete the rows of {work.id} from trunkline.progress.",
        )


@contextmanager
def _commit_errors(work: Work) -> Iterator[None]:
    """What only the commit finds (a deferred constraint) is told like a statement."""
    try:
        yield
    except (*LOCK_ERRORS, OperationalError):
        raise
    except Error as error:
        raise StatementFailed(
            f"{work.script.path}: at commit: {error.diag.message_primary or error}",
            sqlstate=error.sqlstate,
            detail=error.diag.message_detail,
            hint=error.diag.message_hint,
        ) from None


@contextmanager
def _connection_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        reason = " ".join(str(error).split())
        raise Failure(
            "the server ended the work",
            detail=f"{reason}.".replace("..", "."),
            hint="See `trunkline status` for what is applied, then run again.",
        ) from None
