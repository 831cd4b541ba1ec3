"""What a rehearsal found, as frozen dataclasses; `--json` is these, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trunkline.catalog import Difference
from trunkline.copying import Copied
from trunkline.events import CheckResult, LockHeld, OfRehearsal
from trunkline.rehearsal.conflicts import Conflict
from trunkline.rehearsal.crash.figures import ChangeCrashes
from trunkline.rehearsal.lost import Declared, Lost
from trunkline.rehearsal.mutate import Mutation
from trunkline.rehearsal.queues import Queues
from trunkline.rehearsal.traffic.figures import ChangeTraffic


class Verdict(StrEnum):
    """What became of one change; the first that applies, worst first."""

    UP_FAILED = "up_failed"
    DOWN_MISSING = "down_missing"
    VERIFICATION_FAILED = "verification_failed"
    DOWN_FAILED = "down_failed"
    DOWN_INEXACT = "down_inexact"
    DATA_LOST = "data_lost"
    REDO_FAILED = "redo_failed"
    REDO_DIFFERS = "redo_differs"
    VERIFICATION_VACUOUS = "verification_vacuous"
    UNVERIFIED = "unverified"
    COLUMN_ORDER = "column_order"
    EXACT = "exact"


@dataclass(frozen=True)
class Stage:
    """One direction, run once: `seconds` whole, `statements` how many."""

    seconds: float
    statements: int


@dataclass(frozen=True)
class ChangeReport:
    """One change, rehearsed. `error` is the message of a step that failed.

    `conflicts` are the rows that made the migration fail, `rollback` is the path of the
    rollback, relative to the project.
    """

    id: str
    verdict: Verdict
    seconds: float
    up: Stage | None
    down: Stage | None
    error: str | None
    differences: tuple[Difference, ...]
    lost: tuple[Lost, ...]
    declared: tuple[Declared, ...]
    checks: tuple[CheckResult, ...]
    locks: tuple[LockHeld, ...]
    conflicts: tuple[Conflict, ...] = ()
    rollback: str | None = None

    def ok(self, *, allow_unverified: bool) -> bool:
        good = {Verdict.EXACT, Verdict.COLUMN_ORDER}
        if allow_unverified:
            good.add(Verdict.UNVERIFIED)
        return self.verdict in good


@dataclass(frozen=True)
class RehearsalReport:
    """All changes, in order. `on` is `embedded`, `container` or `url`.

    `copied`, `traffic`, `mutation`, `crashes` and `certified` are None where they were
    not asked for.
    """

    project: str
    server_version: str
    on: str
    seconds: float
    ok: bool
    changes: tuple[ChangeReport, ...]
    copied: Copied | None = None
    traffic: tuple[ChangeTraffic, ...] | None = None
    mutation: Mutation | None = None
    crashes: tuple[ChangeCrashes, ...] | None = None
    certified: Certified | None = None
    queues: Queues | None = None


@dataclass(frozen=True)
class Certified:
    """IDs by what became of their certificates."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    withdrawn: tuple[str, ...]


@dataclass(frozen=True)
class Rehearsed(OfRehearsal):
    """A change has been rehearsed."""

    report: ChangeReport
    ok: bool


@dataclass(frozen=True)
class Played(OfRehearsal):
    """A change has been taken up and down under traffic."""

    report: ChangeTraffic
