"""`rollback`: what is lost, then each change back, each proved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import perf_counter

from psycopg import Connection, Error, sql

from trunkline import plan as planning
from trunkline import proof, runner
from trunkline.connect import Target, reading, refuse_read_only
from trunkline.errors import UsageError
from trunkline.events import ChangeDone, CheckResult, Emit, Notice
from trunkline.header import Leftover, Loss, losses, read
from trunkline.ledger import Ledger, State
from trunkline.limits import DEFAULT, Limits
from trunkline.plan import Rollback, Source
from trunkline.project import Project
from trunkline.runner import Work
from trunkline.session import Session, exclusive


@dataclass(frozen=True)
class Selection:
    """Which changes: by name, all applied after `to`, or the `last` so many."""

    ids: tuple[str, ...] = ()
    to: str | None = None
    last: int | None = None


@dataclass(frozen=True)
class Options:
    """How to roll back; `traced`: what each statement locks is told."""

    limits: Limits = DEFAULT
    traced: bool = False


@dataclass(frozen=True)
class CountedLoss:
    """A `-- loses:` line, and how many rows it covers now; None: not countable."""

    text: str
    count: int | None


@dataclass(frozen=True)
class PlannedRollback:
    """One change that will be rolled back, and what goes with it."""

    id: str
    losses: tuple[CountedLoss, ...]
    leaves: tuple[str, ...]
    source: Source


@dataclass(frozen=True)
class Plan:
    """What will happen, in order, and what was asked."""

    changes: tuple[PlannedRollback, ...]
    selection: Selection
    use: Source | None


@dataclass(frozen=True)
class Result:
    """What was rolled back, and the checks that failed; `complaint` as in `apply`."""

    rolled_back: tuple[str, ...]
    failing: tuple[CheckResult, ...]
    complaint: str | None = None
    hint: str | None = None

    @property
    def ok(self) -> bool:
        return self.complaint is None


def plan(
    project: Project, target: Target, selection: Selection, use: Source | None
) -> Plan:
    """What a rollback would do and lose, read from the database without writing.

    Raises UsageError where it must not begin, so that nobody is asked in vain.
    """
    with reading(target) as connection:
        refuse_read_only(connection, target)
        state = Ledger(connection, project.config.migration_table).read(connection)
        chosen = _chosen(project, state, selection, use)
        return Plan(
            tuple(_counted(connection, rollback) for rollback in chosen), selection, use
        )


def run(
    project: Project, target: Target, plan: Plan, options: Options, emit: Emit
) -> Result:
    """Roll back what was planned; stop at the first rollback that is not proved.

    Raises UsageError when the database has changed since the plan was made, and the
    errors of `runner.run`.
    """
    if not plan.changes:
        return Result((), ())
    with exclusive(
        target,
        project.config.migration_table,
        limits=options.limits,
        traced=options.traced,
        emit=emit,
    ) as session:
        state = session.state()
        chosen = _chosen(project, state, plan.selection, plan.use)
        if [r.id for r in chosen] != [r.id for r in plan.changes]:
            raise UsageError(
                "the database has changed since the plan was shown",
                hint="Run the command again.",
            )
        emit(Notice(str(options.limits)))
        done: list[str] = []
        present = state.applied
        for rollback in chosen:
            present = present - {rollback.id}
            try:
                failed = down(session, project, rollback, present)
            except runner.ProofFailed as error:
                return Result(
                    tuple(done),
                    proof.failing(error.proof.results),
                    error.message,
                    f"{rollback.id} has not been rolled back; nothing has happened.",
                )
            done.append(rollback.id)
            if failed is not None:
                return Result(tuple(done), *failed)
        return Result(tuple(done), ())


def down(
    session: Session, project: Project, rollback: Rollback, present: set[str]
) -> tuple[tuple[CheckResult, ...], str, str] | None:
    """Roll back one change; `present` are the IDs that stay applied.

    Returns None when all is well, else the failed checks, a complaint and a hint.
    Raises the errors of `runner.run`.
    """
    session.throttle.pause()
    started = perf_counter()
    emit = session.emit
    if rollback.change is None or not rollback.change.checks:
        emit(Notice(f"{rollback.id} has no verification here to prove its rollback by"))
    others = [change for change in project.changes if change.id in present]
    work = Work(rollback.id, "down", rollback.script, rollback.transactional)
    shown = runner.run(
        session,
        work,
        prove=partial(proof.undone, change=rollback.change),
        record=lambda connection, _: session.ledger.record_rolled_back(
            connection, rollback.id
        ),
    )
    holding = project.holding(present)
    later = runner.ask_after(
        session,
        work,
        lambda: proof.after_undoing(
            session.work, rollback.change, others, holding, emit
        ),
    )
    failed = proof.failing(later.results)
    complaint = shown.complaint or later.complaint
    if complaint is None and failed:
        complaint = f"{len(failed)} checks failed after {rollback.id} was rolled back"
    emit(ChangeDone(rollback.id, "down", complaint is None, perf_counter() - started))
    if complaint is None:
        return None
    return failed, complaint, f"{rollback.id} is rolled back; apply brings it again."


def _chosen(
    project: Project, state: State, selection: Selection, use: Source | None
) -> list[Rollback]:
    return planning.to_roll_back(
        project,
        state,
        ids=selection.ids,
        to=selection.to,
        last=selection.last,
        use=use,
    )


def declared(rollback: Rollback) -> tuple[tuple[Loss, ...], tuple[Leftover, ...]]:
    """What the header of the SQL that will run declares."""
    lost, left, _ = losses(read(rollback.script.text, "rollback")[0])
    return lost, left


def _counted(connection: Connection, rollback: Rollback) -> PlannedRollback:
    lost, left = declared(rollback)
    return PlannedRollback(
        id=rollback.id,
        losses=tuple(CountedLoss(loss.text, count(connection, loss)) for loss in lost),
        leaves=tuple(leftover.text for leftover in left),
        source=rollback.source,
    )


def count(connection: Connection, loss: Loss) -> int | None:
    """How many rows a declaration covers now; None where that cannot be counted."""
    if loss.what == "position":
        return None
    conditions = [loss.where] if loss.where else []
    if loss.columns:
        named = sql.SQL(", ").join(sql.Identifier(c) for c in loss.columns)
        conditions.append(
            sql.SQL("num_nonnulls({}) > 0").format(named).as_string(connection)
        )
    condition = " and ".join(f"({c})" for c in conditions) or "true"
    # The condition is SQL of the project's own file, and runs read-only.
    query = f"select count(*) from {loss.object} where {condition}"
    try:
        with connection.transaction(force_rollback=True):
            row = connection.execute(query.encode()).fetchone()
    except Error:
        return None
    return int(row[0]) if row else None
