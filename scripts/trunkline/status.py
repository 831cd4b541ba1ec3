"""`status`: what is applied, pending, changed since, unknown. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from trunkline import plan
from trunkline.connect import Target, reading
from trunkline.ledger import Ledger, State
from trunkline.project import Project

RowState = Literal[
    "applied", "pending", "partly applied", "partly rolled back", "unknown"
]


@dataclass(frozen=True)
class StatusRow:
    """One change. `changed`: its files that differ from what was applied; `failing`:
    the sentences of checks that failed after its commit. `applied_at` is in UTC."""

    id: str
    state: RowState
    applied_at: datetime | None
    applied_by: str | None
    changed: tuple[str, ...]
    failing: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """All changes of project and database: the project's in its order, then others."""

    database: str
    rows: tuple[StatusRow, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is changed, unknown, failing or half applied."""
        return all(
            row.state in ("applied", "pending") and not row.changed and not row.failing
            for row in self.rows
        )


def read(project: Project, target: Target) -> Status:
    """The status of a database; needs only read rights.

    Raises Unreachable, and Failure without the right to read the ledger.
    """
    with reading(target) as connection:
        state = Ledger(connection, project.config.migration_table).read(connection)
    known = [change.id for change in project.changes]
    there = [*(entry.id for entry in state.entries), *sorted(state.begun("up"))]
    unknown = [name for name in there if name not in known]
    return Status(
        target.label, tuple(_row(project, state, name) for name in (*known, *unknown))
    )


def _row(project: Project, state: State, name: str) -> StatusRow:
    entry = state.entry(name)
    if entry is None:
        partly = name in state.begun("up")
        what: RowState = "partly applied" if partly else "pending"
        return StatusRow(name, what, None, None, (), ())
    known = any(change.id == name for change in project.changes)
    half_back = name in state.begun("down")
    what = "partly rolled back" if half_back else "applied" if known else "unknown"
    return StatusRow(
        id=name,
        state=what,
        applied_at=entry.applied_at,
        applied_by=entry.applied_by,
        changed=plan.changed_files(project, entry),
        failing=entry.failing,
    )
