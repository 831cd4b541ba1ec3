"""`apply`: what is pending, one change after the other, each proved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import perf_counter

from trunkline import certificate, plan, proof, runner
from trunkline.connect import Target, reading
from trunkline.events import ChangeDone, CheckResult, Emit, Notice
from trunkline.ledger import Ledger, State
from trunkline.limits import DEFAULT, Limits
from trunkline.project import Change, Project
from trunkline.runner import Work
from trunkline.session import Session, exclusive


@dataclass(frozen=True)
class Options:
    """What to apply and how; `traced`: what each statement locks is told."""

    to: str | None = None
    dry_run: bool = False
    limits: Limits = DEFAULT
    allow_unverified: bool = False
    traced: bool = False
    require_certificate: bool = False


@dataclass(frozen=True)
class Result:
    """What was applied, what would be (in a dry run), and the checks that failed.

    `complaint` says what is not as it should be; None: all is well. A change whose
    checks failed before commit is not among the applied.
    """

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    failing: tuple[CheckResult, ...]
    complaint: str | None = None
    hint: str | None = None

    @property
    def ok(self) -> bool:
        return self.complaint is None


def run(project: Project, target: Target, options: Options, emit: Emit) -> Result:
    """Apply what is pending, up to `options.to`; stop at the first violation.

    Raises UsageError where it must not begin, and the errors of `runner.run`.
    """
    if options.dry_run:
        with reading(target) as connection:
            ledger = Ledger(connection, project.config.migration_table)
            state = ledger.read(connection)
        waiting = _waiting(project, state, options)
        return Result((), tuple(change.id for change in waiting), ())
    with exclusive(
        target,
        project.config.migration_table,
        limits=options.limits,
        traced=options.traced,
        emit=emit,
    ) as session:
        state = session.state()
        waiting = _waiting(project, state, options)
        if waiting:
            emit(Notice(str(options.limits)))
        applied: list[str] = []
        present = state.applied
        for change in waiting:
            try:
                failed = up(session, project, change, present)
            except runner.ProofFailed as error:
                return Result(
                    tuple(applied),
                    (),
                    proof.failing(error.proof.results),
                    error.message,
                    "The change has not been applied; nothing has happened.",
                )
            applied.append(change.id)
            present = present | {change.id}
            if failed:
                return Result(
                    tuple(applied),
                    (),
                    failed,
                    f"{change.id} is applied, and {len(failed)} checks failed after it",
                    f"Roll it back with `trunkline rollback {change.id}`, or correct "
                    "the data and run `trunkline verify`.",
                )
        return Result(tuple(applied), (), ())


def _waiting(project: Project, state: State, options: Options) -> list[Change]:
    """What is to be applied. Raises UsageError where it must not be."""
    waiting = plan.pending(project, state, options.to)
    plan.refuse_unfit(
        project, state, waiting, allow_unverified=options.allow_unverified
    )
    for change in waiting:
        plan.refuse_edited(
            state, change.id, "up", change.migration, change.transactional
        )
    if options.require_certificate or project.config.require_certificate:
        certificate.refuse_uncertified(project, waiting)
    return waiting


def up(
    session: Session, project: Project, change: Change, present: set[str]
) -> tuple[CheckResult, ...]:
    """Apply one change and return the checks that failed after its commit.

    `present` are the IDs applied before it. Raises the errors of `runner.run`.
    """
    session.throttle.pause()
    started = perf_counter()
    work = Work(change.id, "up", change.migration, change.transactional)
    shown = runner.run(
        session,
        work,
        prove=partial(proof.before_commit, change=change, emit=session.emit),
        record=partial(session.ledger.record_applied, change=change),
    )
    invariants = project.holding(present | {change.id})
    later = runner.ask_after(
        session,
        work,
        lambda: proof.after_commit(session.work, change, invariants, session.emit),
    )
    failed = proof.failing((*shown.results, *later))
    if failed:
        session.ledger.record_failing(
            session.work, change.id, [result.sentence for result in failed]
        )
    session.emit(ChangeDone(change.id, "up", not failed, perf_counter() - started))
    return failed
