"""Crash the runs of a project's changes, one change after the other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from trunkline.errors import Failure
from trunkline.events import Emit
from trunkline.ledger import Ledger
from trunkline.project import Project
from trunkline.rehearsal.crash.figures import ChangeCrashes, Crashed
from trunkline.rehearsal.crash.matrix import Matrix
from trunkline.rehearsal.crash.nursery import nursery
from trunkline.rehearsal.scene import Scene
from trunkline.rehearsal.source import Start
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Server


def copied(server: Server, start: Start | None) -> Start | None:
    """A start of its own for `play`, where the rehearsal has one."""
    if start is None:
        return None
    return replace(start, database=server.create(template=start.database))


def play(
    server: Server,
    project: Project,
    ids: Sequence[str],
    emit: Emit,
    *,
    start: Start | None = None,
    sampled: bool = False,
) -> tuple[ChangeCrashes, ...]:
    """Crash the runs of the changes `ids`, which go up and down undisturbed, in order.

    An embedded `server` is crashed as well, so nobody else may be at work on it.
    `sampled`: at a few points each, for a quick answer. Raises Failure when a process
    of a run gives no answer.
    """
    reports: dict[str, ChangeCrashes] = {}

    def note(report: ChangeCrashes) -> None:
        reports[report.id] = report
        emit(Crashed(report))

    with nursery() as clients, ExitStack() as leaving:
        matrix = Matrix(server, clients, note, sampled=sampled)
        stage = Stage(server, project, start=start)
        leaving.callback(stage.leave)
        left = set(ids)
        for change in project.changes:
            if not left:
                break
            if start is not None and change.id in start.present:
                continue
            if change.id in left:
                matrix.add(_scene(server, project, stage.database), change)
                left.discard(change.id)
            with suppress(Failure):  # the next begins with what this one left
                stage.apply(change)
        matrix.finish()
    return tuple(reports[name] for name in ids)


def _scene(server: Server, project: Project, database: str) -> Scene:
    with server.connect(database) as connection:
        ledger = Ledger(connection, project.config.migration_table)
        present = frozenset(ledger.read(connection).applied)
    return Scene(server, project, database, present)
