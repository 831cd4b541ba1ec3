"""What happens in a backfill, as frozen dataclasses.

Nothing here prints. What waits for others says so with `trunkline.events.Waiting`.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.backfill.definition import Key
from trunkline.events import OfBackfill


@dataclass(frozen=True)
class Counts:
    """Rows gone through; total = migrated + skipped + errors."""

    total: int = 0
    migrated: int = 0
    skipped: int = 0
    errors: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.total + other.total,
            self.migrated + other.migrated,
            self.skipped + other.skipped,
            self.errors + other.errors,
        )


@dataclass(frozen=True)
class RunStarted(OfBackfill):
    """Work begins, or goes on where an earlier process left off.

    `before` is what the run has gone through already; `estimate` is the planner's guess
    of all source rows, when the run began.
    """

    name: str
    run: int | None
    """None in a dry run and a sweep, which the database does not know of."""
    before: Counts
    estimate: int


@dataclass(frozen=True)
class BatchDone(OfBackfill):
    """A batch has been committed, or in a dry run rolled back; `worker` from 1."""

    worker: int
    counts: Counts
    seconds: float


@dataclass(frozen=True)
class RowFailed(OfBackfill):
    """A source row cannot be migrated; it is recorded and the rest goes on."""

    key: Key
    reason: str
    detail: str


@dataclass(frozen=True)
class WorkerLost(OfBackfill):
    """A worker process ended before its time; its open batch has been rolled back."""

    worker: int
    exit_code: int
    """Negative: the number of the signal that ended it."""


@dataclass(frozen=True)
class UndoBatchDone(OfBackfill):
    """Written rows have been put back as they were, and committed."""

    undone: int
    kept: int
    seconds: float


@dataclass(frozen=True)
class RowKept(OfBackfill):
    """A written row stays as it is, for the reason."""

    key: Key
    reason: str
