"""A rehearsal of what is pending on a real database, on a copy of that.

The copy has the rows that are there, so no fixture is loaded. Checks that fail on it
before anything is rehearsed are told, and say nothing of the pending changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from trunkline import copying, plan
from trunkline.connect import of_keywords
from trunkline.copying import Copied, Wanted, fitted
from trunkline.errors import UsageError
from trunkline.events import CheckResult, Emit, Notice, ignore
from trunkline.project import Project
from trunkline.rehearsal.scene import LOCK_TIMEOUT
from trunkline.session import alone
from trunkline.throwaway import Server

__all__ = ["Start", "fitted", "start"]


@dataclass(frozen=True)
class Start:
    """A copy to begin with: its database, the changes `present` in it, and the project
    as it is rehearsed there."""

    project: Project
    database: str
    present: frozenset[str]
    copied: Copied


def start(
    server: Server, project: Project, wanted: Wanted, ids: Sequence[str], emit: Emit
) -> Start:
    """Copy the source, on which `ids` are to be rehearsed.

    Raises UsageError where `apply` would not begin on it, or one of them is there.
    """
    database, copied = copying.copy(server, wanted, emit)
    with alone(
        of_keywords(server.conninfo(database)),
        project.config.migration_table,
        lock_timeout=LOCK_TIMEOUT,
        emit=ignore,
    ) as session:
        state = session.state()
    plan.refuse_misfit(project, state)
    if half := sorted(state.begun("up")):
        raise UsageError(
            f"{half[0]} is half applied on {copied.source}",
            hint="Finish that there first: `trunkline apply`.",
        )
    present = frozenset(state.applied)
    if there := sorted(present.intersection(ids)):
        raise UsageError(
            f"{there[0]} is applied on {copied.source} already",
            hint="Only what is pending there can be rehearsed on a copy.",
        )
    return Start(_without_fixtures(project), database, present, copied)


def _without_fixtures(project: Project) -> Project:
    changes = tuple(replace(change, fixture=None) for change in project.changes)
    return replace(project, changes=changes)


def tell(complaints: Iterable[CheckResult], emit: Emit) -> None:
    """Tell which checks fail on a copy as it is: no pending change is to blame."""
    for result in complaints:
        emit(
            Notice(
                f"{result.source}:{result.line} fails on the copy as it is: "
                f"{result.sentence}"
            )
        )
