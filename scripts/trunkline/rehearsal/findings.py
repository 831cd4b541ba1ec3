"""What is found of one change, and the verdict that follows."""

from __future__ import annotations

from dataclasses import dataclass, field

from trunkline.catalog import Difference
from trunkline.events import CheckResult, LockHeld
from trunkline.project import Change
from trunkline.rehearsal.conflicts import Conflict
from trunkline.rehearsal.lost import Declared, Lost
from trunkline.rehearsal.result import Stage, Verdict
from trunkline.rehearsal.state import State


@dataclass
class Findings:
    """What has been found of a change so far.

    `last` is the state of its place, as far as it is known; sequences may have moved.
    """

    last: State | None
    conflicts: tuple[Conflict, ...] = ()
    up: Stage | None = None
    down: Stage | None = None
    locks: list[LockHeld] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    lost: tuple[Lost, ...] = ()
    declared: list[Declared] = field(default_factory=list)
    broken: tuple[CheckResult, ...] = ()
    redo_error: str | None = None
    redo_differences: list[Difference] = field(default_factory=list)
    vacuous: bool = False
    traceless: bool = False
    redone: bool = False

    @property
    def clean(self) -> bool:
        """Whether the place is as if the migration had been run once."""
        return (
            self.redone
            and self.traceless
            and not self.redo_differences
            and not self.redo_error
        )

    @property
    def of_redo(self) -> tuple[Difference, ...]:
        """The differences after the second up that do not come from the rollback's."""
        if any(d.kind != "column_order" for d in self.differences):
            return ()
        return tuple(self.redo_differences)


def judge(change: Change, found: Findings) -> tuple[Verdict, str | None]:
    """The worst that applies, and the reason where the findings do not tell it."""
    inexact = [d for d in found.differences if d.kind != "column_order"]
    names = ", ".join(sorted({result.change for result in found.broken}))
    vacuous = (
        f"verification/{change.id}.sql still passes after the rollback: none of its "
        "checks asks for what this change brings"
    )
    redo_differs = found.redo_differences or found.redo_error
    grounds: tuple[tuple[object, Verdict, str | None], ...] = (
        (inexact, Verdict.DOWN_INEXACT, None),
        (names, Verdict.DOWN_INEXACT, f"after the rollback checks of {names} fail"),
        (found.lost, Verdict.DATA_LOST, None),
        (not found.redone, Verdict.REDO_FAILED, found.redo_error),
        (redo_differs, Verdict.REDO_DIFFERS, found.redo_error),
        (not change.checks, Verdict.UNVERIFIED, None),
        (found.vacuous, Verdict.VERIFICATION_VACUOUS, vacuous),
        (found.differences, Verdict.COLUMN_ORDER, None),
    )
    for holds, verdict, reason in grounds:
        if holds:
            return verdict, reason
    return Verdict.EXACT, None
