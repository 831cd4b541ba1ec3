"""The rehearsal: every change of a project, proved on a throwaway.

Each change meets the rows of all earlier fixtures. One bad change never spoils the
verdict on the next: that starts from what the migrations before it leave, whatever
became of their rollbacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from trunkline.events import Emit
from trunkline.project import Project
from trunkline.rehearsal.result import ChangeReport, RehearsalReport, Rehearsed
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Request, open_server


def run(
    project: Project,
    request: Request,
    ids: Sequence[str],
    *,
    allow_unverified: bool,
    emit: Emit,
) -> RehearsalReport:
    """Rehearse the changes `ids` (all, if none is named) in the project's order.

    The others are only applied, with their fixtures. Raises UsageError for an unknown
    ID and Failure when no throwaway can be had; a fault of a change is in its report.
    """
    started = perf_counter()
    wanted = {project.change(name).id for name in ids}
    reports: list[ChangeReport] = []
    with open_server(request) as server:
        stage = Stage(server, project)
        for change in project.changes:
            if wanted and change.id not in wanted:
                stage.apply(change)
                continue
            report = stage.rehearse(change)
            reports.append(report)
            emit(Rehearsed(report, report.ok(allow_unverified=allow_unverified)))
        return RehearsalReport(
            project=project.root.name,
            server_version=server.version,
            on=server.on,
            seconds=perf_counter() - started,
            ok=all(r.ok(allow_unverified=allow_unverified) for r in reports),
            changes=tuple(reports),
        )
