"""One change, rehearsed on a throwaway: up, proved, down, compared, up again.

    S0   up   its checks pass, the others' too   S1   down   S2 = S0?   its checks now
    fail, the others' pass   up again   S3 = S1?

First all is found, then judged. It works on a database that it may spoil; what the
next change starts from is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

from psycopg import Connection

from trunkline import catalog, contents, proof, runner
from trunkline.catalog import Difference, Snapshot
from trunkline.contents import Contents
from trunkline.errors import TrunklineError
from trunkline.events import CheckResult, Direction, ignore
from trunkline.project import Change, Project, Script
from trunkline.rehearsal import cluster, loss
from trunkline.rehearsal.result import ChangeReport, Declared, Lost, Stage, Verdict
from trunkline.runner import Proof, Work
from trunkline.session import Session


@dataclass(frozen=True)
class Trial:
    """One change, and where it is tried.

    `session` works on a database with the changes `present` applied, whose catalog is
    `start`; `before` is connected to an equal copy of it, which stays as it is.
    """

    session: Session
    before: Connection
    project: Project
    change: Change
    present: frozenset[str]
    start: Snapshot

    @property
    def others(self) -> list[Change]:
        """The changes that are applied before this one."""
        return [c for c in self.project.changes if c.id in self.present]


@dataclass(frozen=True)
class Outcome:
    """A report, and the catalog at its end; None where that is not as it should be."""

    report: ChangeReport
    catalog: Snapshot | None


@dataclass
class _Findings:
    """What has been found of a change so far."""

    up: Stage | None = None
    down: Stage | None = None
    checks: list[CheckResult] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    lost: tuple[Lost, ...] = ()
    declared: list[Declared] = field(default_factory=list)
    broken: tuple[CheckResult, ...] = ()
    redo_error: str | None = None
    redo_differences: list[Difference] = field(default_factory=list)
    vacuous: bool = False
    end: Snapshot | None = None


class _Stopped(Exception):
    """The rehearsal of this change cannot go on."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


def rehearse(trial: Trial) -> Outcome:
    """Rehearse one change and say what came of it; no fault of the change raises."""
    started = perf_counter()
    found = _Findings()
    reason: str | None
    try:
        _find(trial, found)
        verdict, reason = _judge(trial.change, found)
    except _Stopped as stopped:
        verdict, reason = stopped.verdict, stopped.reason
    report = ChangeReport(
        id=trial.change.id,
        verdict=verdict,
        seconds=perf_counter() - started,
        up=found.up,
        down=found.down,
        error=reason,
        differences=(*found.differences, *found.redo_differences),
        lost=found.lost,
        declared=tuple(found.declared),
        checks=(*found.checks, *found.broken),
        locks=(),
    )
    return Outcome(report, found.end if report.ok(allow_unverified=True) else None)


def bring_up(session: Session, change: Change) -> str | None:
    """Apply a change without asking its checks; returns what went wrong, if it did."""
    try:
        _run(session, change, change.migration, "up")
    except TrunklineError as error:
        return told(error)
    return None


def bring_down(session: Session, change: Change) -> str | None:
    """Roll a change back without asking any check; returns what went wrong."""
    if change.rollback is None:
        return f"the change has no rollbacks/{change.id}.sql"
    try:
        _run(session, change, change.rollback, "down")
    except TrunklineError as error:
        return told(error)
    return None


def told(error: TrunklineError) -> str:
    """An error's message and facts, in one text."""
    return "\n".join(part for part in (error.message, error.detail, error.hint) if part)


def _find(trial: Trial, found: _Findings) -> None:
    session, change = trial.session, trial.change
    connection = session.work
    was = contents.digest(connection)
    roles = cluster.roles(connection)

    found.up = _stage(session, change, change.migration, "up", Verdict.UP_FAILED)
    _verify(trial, found)
    if change.rollback is None:
        raise _Stopped(
            Verdict.DOWN_MISSING, f"the change has no rollbacks/{change.id}.sql"
        )
    first, filled = catalog.snapshot(connection), contents.digest(connection)
    noted = loss.note(connection, change.losses, was)

    found.down = _stage(session, change, change.rollback, "down", Verdict.DOWN_FAILED)
    now = contents.digest(connection)
    differences = [
        *catalog.compare(trial.start, catalog.snapshot(connection)),
        *cluster.compare(roles, cluster.roles(connection)),
    ]
    found.differences, left = _undeclared(differences, change)
    found.lost, lost = loss.weigh(trial.before, connection, was, now, noted)
    found.declared = [*lost, *left]
    invariants = trial.project.holding(trial.present)
    found.broken = proof.failing(
        (
            *proof.others_hold(connection, trial.others, ignore),
            *proof.invariants_hold(connection, invariants, ignore),
        )
    )
    found.vacuous = proof.is_vacuous(connection, change)

    found.redo_error = bring_up(session, change)
    if found.redo_error is None:
        found.end = catalog.snapshot(connection)
        found.redo_differences = [
            difference
            for difference in catalog.compare(first, found.end)
            if difference.kind != "column_order"
        ]
        found.redo_error = _recounted(filled, contents.digest(connection))


def _judge(change: Change, found: _Findings) -> tuple[Verdict, str | None]:
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
        (found.end is None, Verdict.REDO_FAILED, found.redo_error),
        (redo_differs, Verdict.REDO_DIFFERS, found.redo_error),
        (not change.checks, Verdict.UNVERIFIED, None),
        (found.vacuous, Verdict.VERIFICATION_VACUOUS, vacuous),
        (found.differences, Verdict.COLUMN_ORDER, None),
    )
    for holds, verdict, reason in grounds:
        if holds:
            return verdict, reason
    return Verdict.EXACT, None


def _verify(trial: Trial, found: _Findings) -> None:
    """Its own checks and the invariants pass, and those of earlier changes still do."""
    change, connection = trial.change, trial.session.work
    unreadable = change.problems_of(change.verification)
    if unreadable:
        raise _Stopped(Verdict.VERIFICATION_FAILED, str(unreadable[0]))
    invariants = trial.project.holding(trial.present | {change.id})
    own = proof.before_commit(connection, change, ignore).results
    own += proof.after_commit(connection, change, invariants, ignore)
    earlier = proof.failing(proof.others_hold(connection, trial.others, ignore))
    found.checks = [*own, *earlier]
    failed = proof.failing(found.checks)
    if failed:
        names = ", ".join(sorted({result.change for result in failed}))
        raise _Stopped(
            Verdict.VERIFICATION_FAILED,
            f"checks fail after the migration: {len(failed)} ({names})",
        )


def _stage(
    session: Session,
    change: Change,
    script: Script,
    direction: Direction,
    failed: Verdict,
) -> Stage:
    started = perf_counter()
    try:
        _run(session, change, script, direction)
    except TrunklineError as error:
        raise _Stopped(failed, told(error)) from None
    return Stage(perf_counter() - started, len(script.statements))


def _run(
    session: Session, change: Change, script: Script, direction: Direction
) -> None:
    """One direction as `apply` and `rollback` run it, its proof left to the caller.

    Raises TrunklineError, also for a file that could not be read.
    """
    for problem in change.problems_of(script):
        raise TrunklineError(str(problem), hint=problem.fault.hint or None)
    ledger = session.ledger
    record: runner.Record = (
        partial(ledger.record_applied, change=change)
        if direction == "up"
        else lambda connection, _: ledger.record_rolled_back(connection, change.id)
    )
    work = Work(change.id, direction, script, change.transactional)
    runner.run(session, work, prove=lambda _: Proof(()), record=record)


def _undeclared(
    differences: Sequence[Difference], change: Change
) -> tuple[list[Difference], list[Declared]]:
    """The differences without those that a `-- leaves:` line declares; and these."""
    covered = dict.fromkeys(change.leaves, 0)
    undeclared = []
    for difference in differences:
        for leftover in change.leaves:
            if difference.kind == "unexpected" and difference.named == leftover.object:
                covered[leftover] += 1
                break
        else:
            undeclared.append(difference)
    return undeclared, [Declared(left.text, n) for left, n in covered.items()]


def _recounted(first: Contents, again: Contents) -> str | None:
    """Which tables have another number of rows after the second up, in a sentence.

    Values are not compared: a migration may write the time, or a random key.
    """
    told = [
        f"{name} has {again.tables[name].rows} rows after the second up, and had "
        f"{digest.rows} after the first"
        for name, digest in first.tables.items()
        if name in again.tables and again.tables[name].rows != digest.rows
    ]
    return "; ".join(told) or None
