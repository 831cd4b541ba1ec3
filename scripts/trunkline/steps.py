"""The record of a statement of a change that is not transactional.

It is the runner's own, whatever role the file has taken on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from trunkline.execute import Work
from trunkline.session import Session


def begin(
    session: Session, work: Work, number: int, strangers: tuple[int, ...] = ()
) -> None:
    """A statement that cannot be in one transaction with its record, before it."""
    statement = work.script.statements[number - 1]
    with _own_role(session):
        session.ledger.record_begun(
            session.work, work.id, work.direction, number, statement, strangers
        )


def record(session: Session, work: Work, numbers: Iterable[int]) -> None:
    """Statements that have finished."""
    with _own_role(session):
        for number in numbers:
            statement = work.script.statements[number - 1]
            session.ledger.record_step(
                session.work, work.id, work.direction, number, statement
            )


@contextmanager
def _own_role(session: Session) -> Iterator[None]:
    """A transaction, or the rest of one, in which the file's `set role` is put off."""
    with session.work.transaction():
        session.work.execute(
            "set local session authorization default; set local role none"
        )
        yield


def place(work: Work, number: int) -> str:
    """Where a statement stands, as `path:line`."""
    return f"{work.script.path}:{work.script.statements[number - 1].line}"
