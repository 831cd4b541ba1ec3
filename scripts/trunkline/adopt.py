"""`adopt`: mark what a live database already has, after comparing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trunkline import catalog, plan, produced
from trunkline.catalog import Difference
from trunkline.connect import Target
from trunkline.errors import UsageError
from trunkline.events import ChangeDone, Emit
from trunkline.limits import Limits
from trunkline.project import Project
from trunkline.session import exclusive
from trunkline.throwaway import Request


@dataclass(frozen=True)
class Result:
    """What was marked, and the differences; `accepted` are those told to be left.

    While a difference is not accepted, nothing is marked. `version` is the database's,
    and `reference` that of the server it was compared on.
    """

    database: str
    marked: tuple[str, ...]
    differences: tuple[Difference, ...]
    accepted: tuple[Difference, ...]
    version: int
    reference: int

    @property
    def ok(self) -> bool:
        return bool(self.marked)


def run(
    project: Project,
    target: Target,
    request: Request,
    *,
    to: str,
    accept: Sequence[str],
    wait: float,
    emit: Emit,
) -> Result:
    """Mark every change up to `to` as applied, when the catalog is what they produce.

    One that yoyo has applied keeps its mark, and gets the record that it lacks: the
    hashes of its files and the SQL of its rollback, as they are here.

    `accept` names differences as `object name`, as they are listed. Raises UsageError
    for an unknown ID, for a file that `apply` would refuse, for nothing left to adopt
    and for an accepted difference that is not there; and the errors of `session`.
    """
    project.change(to)
    with exclusive(
        target, project.config.migration_table, limits=Limits(wait=wait), emit=emit
    ) as session:
        state = session.state()
        pending = plan.pending(project, state, to)
        known = plan.unrecorded(project, state, to)
        adopted = [c for c in project.changes if c in pending or c in known]
        plan.refuse_unfit(project, state, adopted, allow_unverified=True)
        if not adopted:
            raise UsageError(f"{to} and all before it are on record already")
        before = [change for change in project.changes if change.id in state.applied]
        live = produced.live(session.work)
        expected, reference = produced.snapshot(
            [*before, *pending],
            request,
            live,
            migration_table=project.config.migration_table,
            emit=emit,
        )
        now = session.patiently(lambda: catalog.snapshot(session.work))
        found = produced.differences(expected, now)
        found = tuple(d for d in found if d.kind != "column_order")
        named = {d.named for d in found}
        if unknown := [name for name in accept if name not in named]:
            raise UsageError(
                f"there is no difference called {unknown[0]!r} to accept",
                detail="There are: " + ("; ".join(sorted(named)) or "none") + ".",
            )
        accepted = tuple(d for d in found if d.named in accept)
        rest = tuple(d for d in found if d not in accepted)
        if rest:
            return Result(target.label, (), rest, accepted, live.version, reference)

        def mark() -> None:
            with session.work.transaction():
                for change in known:
                    session.ledger.record_known(session.work, change)
                for change in pending:
                    session.ledger.record_applied(
                        session.work, 0.0, change, operation="mark"
                    )

        session.patiently(mark)
        for change in adopted:
            emit(ChangeDone(change.id, "up", True, 0.0))
        marked = tuple(change.id for change in adopted)
        return Result(target.label, marked, (), accepted, live.version, reference)
