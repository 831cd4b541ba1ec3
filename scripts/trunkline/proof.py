"""What must hold after a change went up or came down.

Up: its own checks pass. Down: its own checks no longer all pass (else the rollback did
nothing, or the verification says nothing), and those of every other applied change do.
What need not be known before the commit is asked after it: the application may be
waiting for the locks of the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg import Connection

from trunkline import checks
from trunkline.checks import Plans
from trunkline.events import CheckResult, Emit, Notice
from trunkline.project import Change, Invariant
from trunkline.runner import Proof


def failing(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Those that have not passed."""
    return tuple(result for result in results if not result.passed)


def before_commit(
    connection: Connection, first: str, change: Change, emit: Emit
) -> Proof:
    """The plain checks of a change that has gone up, asked behind `first`."""
    # Together: the application may be waiting for the locks of the change.
    plain = [(change.id, check) for check in change.checks if not check.after]
    results = checks.run_together(connection, plain, emit, first=first)
    failed = failing(results)
    if failed:
        return Proof(
            results, f"{change.id}: {len(failed)} of {len(results)} checks failed"
        )
    return Proof(results)


def after_commit(
    connection: Connection,
    change: Change,
    invariants: Sequence[Invariant],
    emit: Emit,
) -> tuple[CheckResult, ...]:
    """The checks of a change that read much, and the invariants that now hold."""
    own = [check for check in change.checks if check.after]
    results = checks.run(connection, change.id, own, emit)
    return (*results, *invariants_hold(connection, invariants, emit))


def invariants_hold(
    connection: Connection,
    invariants: Iterable[Invariant],
    emit: Emit,
    plans: Plans | None = None,
) -> tuple[CheckResult, ...]:
    """The checks of invariants."""
    named = [(i.name, check) for i in invariants for check in i.checks]
    return checks.run_together(connection, named, emit, plans)


def undone(connection: Connection, first: str, change: Change | None) -> Proof:
    """That a change has come down, asked behind `first`: its verification fails.

    Asked before the commit, so only of one whose checks are all quick; of the others,
    and of what stays, `after_undoing` tells. `change` is None where the checkout no
    longer has it. Its failing checks are what should be, so they are no events.
    """
    if change is None or not change.checks or any(c.after for c in change.checks):
        if first:
            connection.execute(first.encode())
    elif is_vacuous(connection, change, first):
        return Proof((), _still_passes(change))
    return Proof(())


def after_undoing(
    connection: Connection,
    change: Change | None,
    others: Sequence[Change],
    invariants: Sequence[Invariant],
    emit: Emit,
) -> Proof:
    """What a rollback has left, once it is committed: what stays applied still holds.

    The more changes there are, the longer that takes, so no lock is held meanwhile.
    """
    stays = others_hold(connection, others, emit)
    results = (*stays, *invariants_hold(connection, invariants, emit))
    if change is None or not any(check.after for check in change.checks):
        return Proof(results)
    if is_vacuous(connection, change):
        if any(not check.after for check in change.checks):
            return Proof(results, _still_passes(change))
        # It speaks of rows alone, and this database may have none that would show.
        emit(Notice(f"{change.id}: no row here shows that its rollback did anything"))
    return Proof(results)


def _still_passes(change: Change) -> str:
    return (
        f"{change.id}: its verification still passes after the rollback, so the "
        "rollback did nothing or the verification says nothing"
    )


def others_hold(
    connection: Connection,
    others: Iterable[Change],
    emit: Emit,
    plans: Plans | None = None,
) -> tuple[CheckResult, ...]:
    """The plain checks of other changes."""
    named = [(o.id, check) for o in others for check in o.checks if not check.after]
    return checks.run_together(connection, named, emit, plans)


def all_hold(
    connection: Connection,
    changes: Iterable[Change],
    emit: Emit,
    plans: Plans | None = None,
) -> tuple[CheckResult, ...]:
    """The checks of changes, also those that read much."""
    named = [(change.id, check) for change in changes for check in change.checks]
    return checks.run_together(connection, named, emit, plans)


def is_vacuous(connection: Connection, change: Change, first: str = "") -> bool:
    """Whether all checks of a change that is not there pass; False if it has none.

    The plain ones, which are quick, are asked first, and the first that fails suffices.
    With the first of all go the statements of `first`.
    """
    for check in sorted(change.checks, key=lambda check: check.after):
        if not checks.passes(connection, check, first):
            return False
        first = ""
    return bool(change.checks)
