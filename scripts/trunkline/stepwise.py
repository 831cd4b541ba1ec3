"""A change that is not transactional: statement by statement, each put on record.

A second run goes on where the last one stopped. A statement and its record are one
transaction wherever the server allows it; where it does not, the record is written
before (it was begun) and after (it has finished), and a run that was cut off in between
looks at what the statement has left.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import errors

from trunkline import beside, concurrent
from trunkline.errors import StatementFailed, UsageError
from trunkline.events import LocksTraced, Notice
from trunkline.execute import Work, execute
from trunkline.ledger import Step
from trunkline.session import Session
from trunkline.statements import Statement
from trunkline.steps import begin, place, record
from trunkline.trace import Trace

#: What touches rows alone.
WRITES = frozenset({"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
_OPENING = frozenset({"begin", "start"})
_CLOSING = frozenset({"commit", "end", "rollback", "abort", "prepare"})
_NEEDS_OWN_TRANSACTIONS = (
    errors.ActiveSqlTransaction,
    errors.InvalidTransactionTermination,
)


def run(session: Session, work: Work) -> None:
    """Run the statements that have not finished yet.

    Raises UsageError for a file that cannot be run like this, LockNotObtained,
    StatementFailed, and Failure for what is left unfinished.
    """
    statements = work.script.statements
    parts = list(units(work))
    _refuse_nameless(work)
    steps = session.ledger.steps(session.work, work.id, work.direction)
    finished = {step.statement for step in steps if step.finished}
    begun = next((step for step in steps if not step.finished), None)
    for number in sorted(finished):
        if statements[number - 1].kind == "variable_set_stmt":
            session.work.execute(statements[number - 1].text.encode())
    trace: Trace | None = None
    for unit in parts:
        former, trace = trace, None
        if finished.issuperset(unit):
            continue
        what = concurrent.of(statements[unit[0] - 1])
        own = begun if begun is not None and begun.statement == unit[0] else None
        if len(unit) > 1:
            _block(session, work, unit)
        elif what is not None:
            beside.run(session, work, unit[0], what, own)
        else:
            trace = _single(session, work, unit[0], own, former)


def units(work: Work) -> Iterator[range]:
    """The numbers of statements that belong together: one, or `begin` to `commit`."""
    first = 0
    for number, statement in enumerate(work.script.statements, start=1):
        if statement.is_transaction_control and not first and _opens(statement):
            first = number
        elif not first:
            yield range(number, number + 1)
        elif statement.is_transaction_control and _closes(statement):
            yield range(first, number + 1)
            first = 0
    if first:
        line = work.script.statements[first - 1].line
        raise UsageError(
            f"{work.script.path}:{line}: the transaction that begins here never ends",
            hint="Add the missing `commit;`.",
        )


def _opens(statement: Statement) -> bool:
    return statement.text.split()[0].lower() in _OPENING


def _closes(statement: Statement) -> bool:
    words = statement.text.lower().split()
    return (
        words[0] in _CLOSING
        and "to" not in words  # rollback to a savepoint
        and not ("chain" in words and "no" not in words)
    )


def commits(statement: Statement) -> bool:
    """Whether a transaction that ends with it has done something."""
    return statement.text.split()[0].lower() in ("commit", "end")


def _block(session: Session, work: Work, unit: range) -> None:
    """The file's own transaction, retried whole; its record goes with its commit."""
    kept = commits(work.script.statements[unit[-1] - 1])
    inside = unit[1:-1]

    def whole() -> Trace | None:
        trace = (
            Trace(session.work, work.direction, len(inside)) if session.traced else None
        )
        execute(session, work, unit[0])
        for number in inside:
            execute(session, work, number, trace)
        if kept:
            record(session, work, unit)
        execute(session, work, unit[-1])
        return trace

    _tell_locks(session, work, session.patiently(whole))
    if not kept:
        record(session, work, unit)


def _single(
    session: Session, work: Work, number: int, begun: Step | None, former: Trace | None
) -> Trace | None:
    """One statement and its record: in one transaction wherever the server allows.

    Takes and returns the trace of one that has touched nothing but rows.
    """
    statement = work.script.statements[number - 1]

    def together() -> Trace | None:
        trace = (
            Trace(session.work, work.direction, 1, former) if session.traced else None
        )
        with session.work.transaction():
            execute(session, work, number, trace)
            record(session, work, (number,))
        return trace

    if statement.is_transaction_control:
        execute(session, work, number)  # outside of any block: a warning at most
        record(session, work, (number,))
        return None
    if begun is None:
        try:
            trace = session.patiently(together)
        except StatementFailed as error:
            if error.sqlstate not in [e.sqlstate for e in _NEEDS_OWN_TRANSACTIONS]:
                raise
            begin(session, work, number)
        else:
            _tell_locks(session, work, trace)
            return trace if statement.kind in WRITES else None
    else:
        session.emit(
            Notice(
                f"{place(work, number)}: begun by a run that was cut off, and whether "
                "it had finished is not known; it is run again"
            )
        )
    try:
        session.patiently(lambda: execute(session, work, number))
    except StatementFailed as error:
        if begun is None:
            session.ledger.forget_begun(session.work, work.id)
            raise
        raise StatementFailed(
            error.message,
            sqlstate=error.sqlstate,
            detail=f"{error.detail or ''}\nIt was begun before, by a run that was cut "
            "off, and may have finished then.".lstrip(),
            hint=f"If it has: update trunkline.progress set finished_at = now() "
            f"where id = '{work.id}' and finished_at is null; then run again.",
        ) from None
    record(session, work, (number,))
    return None


def _tell_locks(session: Session, work: Work, trace: Trace | None) -> None:
    if trace is not None:
        session.emit(LocksTraced(work.id, work.direction, trace.ended()))


def _refuse_nameless(work: Work) -> None:
    """What a nameless index leaves could not be told from what others leave."""
    for number, statement in enumerate(work.script.statements, start=1):
        what = concurrent.of(statement)
        if what is not None and what.does == "create" and what.name is None:
            raise UsageError(
                f"{place(work, number)}: an index built concurrently has no name",
                hint="Name it, so that what a lost run leaves of it can be found.",
            )
