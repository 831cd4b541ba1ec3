"""The rehearsal: every change of a project, proved on a throwaway.

Each change meets the rows of all earlier fixtures. One bad change never spoils the
verdict on the next: that starts from what the migrations before it leave, whatever
became of their rollbacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from time import perf_counter

from trunkline.connect import Target
from trunkline.copying import Wanted
from trunkline.errors import Failure
from trunkline.events import Emit, Notice
from trunkline.project import Change, Project
from trunkline.rehearsal import mutate, queues, source, stats, traffic
from trunkline.rehearsal.certificate import certify
from trunkline.rehearsal.crash import playing as crash
from trunkline.rehearsal.mutants import Makers
from trunkline.rehearsal.result import ChangeReport, Played, RehearsalReport, Rehearsed
from trunkline.rehearsal.stage import Stage
from trunkline.rehearsal.traffic import scripts
from trunkline.rehearsal.traffic.figures import ChangeTraffic
from trunkline.throwaway import Request, open_server


@dataclass(frozen=True)
class Parts:
    """What is asked for beyond up, down and up again."""

    traffic: bool = False
    mutate: bool = False
    crash: bool = False
    certify: bool = False


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
) -> RehearsalReport:
    """Rehearse the changes `ids` (all, if none is named) in the project's order.

    The others are only applied, with their fixtures. On a copy of a real database, if
    one is `wanted`, they are those that are pending there, without fixtures. What would
    queue behind each lock is estimated for the database `live`, if one is named. Raises
    UsageError for an unknown ID or a traffic script whose head cannot be read, and
    Failure when no throwaway or copy can be had; a fault of a change is in its report.
    """
    started = perf_counter()
    chosen = {project.change(name).id for name in ids}
    application = scripts.load(project) if parts.traffic else ()
    reports: list[ChangeReport] = []
    played: list[ChangeTraffic] = []
    makers = Makers()
    first = stats.read(live) if live is not None else None
    if wanted is not None:
        request = replace(request, room=source.room(wanted, emit))
    with open_server(request) as server, ExitStack() as opened:
        start = None
        if wanted is not None:
            start = source.start(server, project, wanted, ids, emit)
            project = start.project
        # Crashes come last, and begin where the rehearsal began.
        again = crash.copied(server, start) if parts.crash else None
        stage = Stage(server, project, lends=parts.traffic, start=start)
        opened.enter_context(closing(stage))
        source.tell(stage.complaints, emit)
        for change in project.changes:
            if start is not None and change.id in start.present:
                continue
            before = stage.catalog if parts.mutate else None
            if chosen and change.id not in chosen:
                _apply(stage, change, emit)
                if before is not None:
                    makers.learn(None, before, stage.catalog)
                continue
            with stage.rehearse(change) as (report, scene):
                reports.append(report)
                emit(Rehearsed(report, report.ok(allow_unverified=allow_unverified)))
                felt = scene and traffic.play(scene, change, application)
                if felt:
                    played.append(felt)
                    emit(Played(felt))
            if before is not None:
                makers.learn(change.id, before, stage.catalog)
        mutation = None
        if parts.mutate:
            rehearsed = [project.change(report.id) for report in reports]
            mutation = mutate.judge(stage.mutate(makers), rehearsed)
        crashes = None
        if parts.crash:
            whole_way = [r.id for r in reports if r.down is not None]
            crashes = crash.play(server, project, whole_way, emit, start=again)
        whole = RehearsalReport(
            project=project.root.name,
            server_version=server.version,
            on=server.on,
            seconds=perf_counter() - started,
            ok=all(r.ok(allow_unverified=allow_unverified) for r in reports)
            and all(felt.ok for felt in played)
            and (mutation is None or mutation.ok)
            and all(crashed.ok for crashed in crashes or ()),
            changes=tuple(reports),
            copied=start.copied if start else None,
            traffic=tuple(played) if parts.traffic else None,
            mutation=mutation,
            crashes=crashes,
        )
    if live is not None and first is not None:
        whole = replace(whole, queues=_queues(project, reports, live, first, emit))
    if parts.certify:
        return replace(whole, certified=certify(project, whole))
    return whole


def _apply(stage: Stage, change: Change, emit: Emit) -> None:
    """Apply a change that is not rehearsed; one that cannot be is told, and left out.

    Raises Failure where half of it may be there.
    """
    try:
        stage.apply(change)
    except Failure as error:
        if not change.transactional:
            raise
        reason = (error.detail or "").partition("\n")[0]
        emit(Notice(f"{error.message}, and is left out: {reason}"))


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
