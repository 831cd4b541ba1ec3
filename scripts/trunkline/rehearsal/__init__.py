"""The rehearsal: every change of a project, proved on a throwaway.

Each change meets the rows of all earlier fixtures. One bad change never spoils the
verdict on the next: that starts from what the migrations before it leave, whatever
became of their rollbacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from trunkline.connect import Target
from trunkline.copying import Wanted
from trunkline.errors import Failure
from trunkline.events import Emit, Event, Notice
from trunkline.project import Project
from trunkline.rehearsal import jobs as sharing
from trunkline.rehearsal import mutate, queues, stats
from trunkline.rehearsal.certificate import certify
from trunkline.rehearsal.result import ChangeReport, Played, RehearsalReport, Rehearsed
from trunkline.rehearsal.traffic import scripts
from trunkline.rehearsal.traffic.figures import ChangeTraffic
from trunkline.rehearsal.work import Order, Parts
from trunkline.throwaway import Request

__all__ = ["Parts", "run"]

PLAIN = Parts()


def run(
    project: Project,
    request: Request,
    ids: Sequence[str],
    *,
    allow_unverified: bool,
    emit: Emit,
    parts: Parts = PLAIN,
    wanted: Wanted | None = None,
    live: Target | None = None,
    jobs: int | None = None,
) -> RehearsalReport:
    """Rehearse the changes `ids` (all, if none is named) in the project's order.

    The others are only applied, with their fixtures. On a copy of a real database, if
    one is `wanted`, they are those that are pending there, without fixtures. What would
    queue behind each lock is estimated for the database `live`, if one is named. `jobs`
    processes share the work, each with a throwaway of its own; None is as many as serve
    best. Raises UsageError for an unknown ID, a traffic script whose head cannot be
    read or processes that cannot share, and Failure when no throwaway or copy can be
    had; a fault of a change is in its report.
    """
    started = perf_counter()
    order = Order(
        project=project,
        request=request,
        ids=tuple(project.change(name).id for name in ids),
        copy=wanted,
        allow_unverified=allow_unverified,
        parts=parts,
        application=scripts.load(project) if parts.traffic else (),
    )
    first = stats.read(live) if live is not None else None
    reports: list[ChangeReport] = []
    played: list[ChangeTraffic] = []

    def hear(found: Event) -> None:
        if isinstance(found, Rehearsed):
            reports.append(found.report)
        elif isinstance(found, Played):
            played.append(found.report)
        emit(found)

    ended = sharing.together(order, jobs, hear)
    mutation = None
    if ended.attempts is not None:
        rehearsed = [project.change(report.id) for report in reports]
        mutation = mutate.judge(ended.attempts, rehearsed)
    whole = RehearsalReport(
        project=project.root.name,
        server_version=ended.version,
        on=ended.on,
        seconds=perf_counter() - started,
        ok=all(r.ok(allow_unverified=allow_unverified) for r in reports)
        and all(felt.ok for felt in played)
        and (mutation is None or mutation.ok)
        and all(crashed.ok for crashed in ended.crashes),
        changes=tuple(reports),
        copied=ended.copied,
        traffic=tuple(played) if parts.traffic else None,
        mutation=mutation,
        crashes=ended.crashes if parts.crash else None,
    )
    if live is not None and first is not None:
        whole = replace(whole, queues=_queues(project, reports, live, first, emit))
    return replace(whole, certified=certify(project, whole)) if parts.certify else whole


def _queues(
    project: Project,
    reports: Sequence[ChangeReport],
    live: Target,
    first: stats.Reading,
    emit: Emit,
) -> queues.Queues | None:
    """Who would wait behind the locks; None, and told, where `live` has gone away."""
    try:
        busy = stats.since(live, first)
    except Failure as error:
        emit(Notice(f"nothing is told of queues: {error.message}"))
        return None
    held = [(report.id, report.locks) for report in reports]
    return queues.estimate(project, held, busy)
