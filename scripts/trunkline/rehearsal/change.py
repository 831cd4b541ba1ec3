"""One change, rehearsed on a throwaway: up, proved, down, compared, up again.

    S0   up   its checks pass, the others' too   S1   down   S2 = S0?   its checks now
    fail, the others' pass   up again   S3 = S1?

First all is found, then judged. It works on a database that it may spoil; what the
next change starts from is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from psycopg import OperationalError

from trunkline import catalog, contents, proof
from trunkline.catalog import Difference
from trunkline.contents import Contents
from trunkline.errors import StatementFailed, TrunklineError
from trunkline.events import (
    CheckResult,
    Direction,
    Event,
    LocksTraced,
    ignore,
)
from trunkline.project import Change, Project, Script
from trunkline.rehearsal import conflicts, loss, state
from trunkline.rehearsal.blame import newly_failing
from trunkline.rehearsal.findings import Findings, judge
from trunkline.rehearsal.lost import Declared, Lost
from trunkline.rehearsal.moves import run, told
from trunkline.rehearsal.place import Place
from trunkline.rehearsal.result import ChangeReport, Stage, Verdict
from trunkline.rehearsal.state import State
from trunkline.session import Session


@dataclass(frozen=True)
class Trial:
    """One change, and where it is tried.

    `place` has the changes `present` applied, and its state is `start`. `before` has
    them too, and stays as it is; where what they write is not the same each time, its
    rows need not be the same.
    """

    place: Place
    before: Place
    project: Project
    change: Change
    present: frozenset[str]
    start: State

    @property
    def others(self) -> list[Change]:
        """The changes that are applied before this one."""
        return [c for c in self.project.changes if c.id in self.present]

    def blamed(self, results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
        """The results that this change can be blamed for."""
        before = self.before.session.work
        return newly_failing(results, self.project, self.present, before)


class RowsDiffer(Exception):
    """rows are lost, and `before` does not have the same ones to say which"""


@dataclass(frozen=True)
class Outcome:
    """A report, and the `state` of `place` at its end, if it is known.

    `clean`: it is as if the migration had been run once.
    """

    report: ChangeReport
    state: State | None
    clean: bool


class _Stopped(Exception):
    """The rehearsal of this change cannot go on."""

    def __init__(
        self, verdict: Verdict, reason: str, sqlstate: str | None = None
    ) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.sqlstate = sqlstate


def rehearse(trial: Trial) -> Outcome:
    """Rehearse one change and say what came of it; no fault of the change raises.

    Raises RowsDiffer; then it must be done again with an equal `before`.
    """
    started = perf_counter()
    found = Findings(trial.start)
    reason: str | None
    try:
        _find(trial, found)
        verdict, reason = judge(trial.change, found)
    except _Stopped as stopped:
        verdict, reason = stopped.verdict, stopped.reason
        if verdict is Verdict.UP_FAILED and (stopped.sqlstate or "").startswith("23"):
            found.conflicts = conflicts.find(trial.place.session, trial.change)
    report = ChangeReport(
        id=trial.change.id,
        verdict=verdict,
        seconds=perf_counter() - started,
        up=found.up,
        down=found.down,
        error=reason,
        differences=tuple(found.differences) + found.of_redo,
        lost=found.lost,
        declared=tuple(found.declared),
        checks=(*found.checks, *found.broken),
        locks=tuple(found.locks),
        conflicts=found.conflicts,
        rollback=trial.change.rollback.path if trial.change.rollback else None,
    )
    return Outcome(report, found.last, found.clean)


def interrupted(change: Change, error: OperationalError) -> Outcome:
    """What is told of a change during which our other connections were lost.

    Its statements may end other sessions, and then nobody can see what they leave.
    """
    reason = str(error).partition("\n")[0]
    report = ChangeReport(
        id=change.id,
        verdict=Verdict.UP_FAILED,
        seconds=0.0,
        up=None,
        down=None,
        error="the sessions beside the change have ended, so nobody saw what it left: "
        f"{reason}",
        differences=(),
        lost=(),
        declared=(),
        checks=(),
        locks=(),
    )
    return Outcome(report, None, clean=False)


def _find(trial: Trial, found: Findings) -> None:
    place, change, start = trial.place, trial.change, trial.start

    found.up, touched = _stage(trial, found, change.migration, "up", Verdict.UP_FAILED)
    first = found.last = state.read(place.eyes, start, touched)
    _verify(trial, found)
    if change.rollback is None:
        raise _Stopped(
            Verdict.DOWN_MISSING, f"the change has no rollbacks/{change.id}.sql"
        )
    noted = loss.note(place.session.work, change.losses, start.contents)

    found.down, touched = _stage(
        trial, found, change.rollback, "down", Verdict.DOWN_FAILED
    )
    now = found.last = state.read(place.eyes, first, touched)
    differences = state.differences(start, now, place.eyes)
    found.differences, left = _undeclared(differences, change)
    found.lost, lost = _weigh(trial, now.contents, noted)
    found.declared = [*lost, *left]
    found.traceless = (
        not differences
        and not found.lost
        and not any(declared.count for declared in lost)
    )
    if not found.traceless:
        found.broken = trial.blamed(_asked(trial, trial.present))
    found.vacuous = proof.is_vacuous(place.session.work, change)

    try:
        touched = _moved(trial, found, place.session, change.migration, "up")
    except TrunklineError as error:
        found.redo_error = told(error)
        return
    end = found.last = state.read(place.eyes, now, touched)
    found.redone = True
    found.redo_differences = [
        difference
        for difference in catalog.compare(first.catalog, end.catalog)
        if difference.kind != "column_order"
    ]
    found.redo_error = _recounted(change, first.contents, end.contents)


def _weigh(
    trial: Trial, now: Contents, noted: tuple[loss.Noted, ...]
) -> tuple[tuple[Lost, ...], tuple[Declared, ...]]:
    """What is lost undeclared and declared; RowsDiffer where `before` cannot tell."""
    was = trial.start.contents
    tables = contents.differing(was, now)
    if tables:
        there = trial.before.state.contents.tables
        if any(there.get(name) != was.tables[name] for name in tables):
            raise RowsDiffer
        noted = loss.with_rows_before(trial.before.eyes, noted, was)
    changes = (
        contents.explain(trial.before.eyes, trial.place.eyes, tables) if tables else ()
    )
    return loss.weigh(changes, was, now, noted)


def _asked(trial: Trial, present: frozenset[str]) -> tuple[CheckResult, ...]:
    """The results of the other changes' plain checks, and of the invariants."""
    asking, plans = trial.place.asking
    return (
        *proof.others_hold(asking, trial.others, ignore, plans),
        *proof.invariants_hold(asking, trial.project.holding(present), ignore, plans),
    )


def _verify(trial: Trial, found: Findings) -> None:
    """Its own checks and the invariants pass, and those of earlier changes still do."""
    change, work = trial.change, trial.place.session.work
    unreadable = change.problems_of(change.verification)
    if unreadable:
        raise _Stopped(Verdict.VERIFICATION_FAILED, str(unreadable[0]))
    own = proof.before_commit(work, "", change, ignore).results
    own += proof.after_commit(work, change, (), ignore)
    others = _asked(trial, trial.present | {change.id})
    invariants = {i.name for i in trial.project.invariants}
    blamed = trial.blamed((*own, *others))
    found.checks = [
        *own,
        *(r for r in others if r.change in invariants or r in blamed),
    ]
    if blamed:
        names = ", ".join(sorted({result.change for result in blamed}))
        raise _Stopped(
            Verdict.VERIFICATION_FAILED,
            f"checks fail after the migration: {len(blamed)} ({names})",
        )


def _stage(
    trial: Trial,
    found: Findings,
    script: Script,
    direction: Direction,
    failed: Verdict,
) -> tuple[Stage, frozenset[int]]:
    def note(event: Event) -> None:
        if isinstance(event, LocksTraced):
            found.locks.extend(event.locks)

    traced = replace(trial.place.session, traced=True, emit=note)
    started = perf_counter()
    try:
        touched = _moved(trial, found, traced, script, direction)
    except TrunklineError as error:
        sqlstate = error.sqlstate if isinstance(error, StatementFailed) else None
        raise _Stopped(failed, told(error), sqlstate) from None
    return Stage(perf_counter() - started, len(script.statements)), touched


def _moved(
    trial: Trial,
    found: Findings,
    session: Session,
    script: Script,
    direction: Direction,
) -> frozenset[int]:
    """Run one direction on a session of the place, and see what was written there."""
    change, eyes = trial.change, trial.place.eyes
    if change.transactional:
        touched = run(session, change, script, direction)
        state.tell(session.work)
        return touched
    before = contents.versions(eyes)
    found.last = None  # should it end half-way, nobody knows where
    run(session, change, script, direction)
    state.tell(session.work)
    return contents.touched_since(before, eyes)


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


def _recounted(change: Change, first: Contents, again: Contents) -> str | None:
    """Which tables have another number of rows after the second up, in a sentence.

    Values are not compared: a migration may write the time, or a random key; nor are
    the tables whose rows the rollback loses, as it says.
    """
    losing = {loss.object for loss in change.losses if loss.what == "rows"}
    told = [
        f"{name} has {again.tables[name].rows} rows after the second up, and had "
        f"{digest.rows} after the first"
        for name, digest in first.tables.items()
        if name in again.tables
        and name not in losing
        and again.tables[name].rows != digest.rows
    ]
    return "; ".join(told) or None
