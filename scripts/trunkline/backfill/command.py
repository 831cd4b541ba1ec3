"""The actions of `trunkline backfill`: each works, tells a report, says if all is well.

A backfill may be gone from the machine while its runs are still in the database, so
only `run` asks for its code; the others ask for its name, or for a run of that name.
"""

from __future__ import annotations

from collections.abc import Callable

from trunkline.backfill import control, discovery, running, undoing
from trunkline.backfill.control import Status
from trunkline.backfill.definition import Words
from trunkline.connect import Target
from trunkline.errors import Failure
from trunkline.report import Report


def overview(target: Target, report: Report) -> bool:
    """How each backfill at hand stands."""
    found = [(name, control.status(target, name)) for name in discovery.names()]
    report.backfills(found)
    return all(not status.errors for _, status in found if status)


def run(
    target: Target,
    name: str,
    report: Report,
    *,
    workers: int,
    limit: int | None,
    dry_run: bool,
) -> bool:
    """Begin a run or go on with it; raises what `running.run` raises."""
    kind = discovery.load(name)
    result = running.run(
        target,
        kind,
        workers=workers,
        limit=limit,
        dry_run=dry_run,
        emit=report.event,
    )
    report.backfilled(result, kind.words)
    return not result.errors


def status(target: Target, name: str, report: Report) -> bool:
    """How the latest run stands."""
    found = _known(target, name)
    report.backfill_status(name, found, _words(name))
    return found is None or not found.errors


def pause(target: Target, name: str, report: Report) -> bool:
    """Let no batch begin any more."""
    _known(target, name)
    control.pause(target, name, emit=report.event)
    report.backfill_changed(name, "paused")
    return True


def resume(target: Target, name: str, report: Report) -> bool:
    """Lift the pause."""
    _known(target, name)
    control.resume(target, name, emit=report.event)
    report.backfill_changed(name, "running")
    return True


def plan_undo(target: Target, name: str, report: Report) -> bool:
    """Tell what an undo would put back. Raises Failure when there is nothing."""
    _known(target, name)
    found = undoing.undoable(target, name)
    if found is None:
        raise Failure(f"there is nothing of {name} to undo")
    report.backfill_undoable(name, found)
    return True


def undo(target: Target, name: str, report: Report) -> bool:
    """Put back what the backfill wrote and nobody has changed since."""
    result = undoing.undo(target, name, emit=report.event)
    report.backfill_undone(result)
    return not result.kept


def plan_forget(target: Target, name: str, report: Report) -> bool:
    """Tell what would be forgotten, if that is anything."""
    _known(target, name)
    rows = undoing.forgettable(target, name)
    if rows:
        report.backfill_forgettable(name, rows)
    return rows > 0


def forget(target: Target, name: str, report: Report) -> bool:
    """Keep nothing for an undo."""
    report.backfill_forgotten(name, undoing.forget(target, name))
    return True


#: What an action would do is told first, and whether there is something to ask about.
PLANS: dict[str, Callable[[Target, str, Report], bool]] = {
    "undo": plan_undo,
    "forget": plan_forget,
}
ACTIONS: dict[str, Callable[[Target, str, Report], bool]] = {
    "status": status,
    "pause": pause,
    "resume": resume,
    "undo": undo,
    "forget": forget,
}


def _known(target: Target, name: str) -> Status | None:
    """The latest run. Raises UsageError for a name that nothing and nobody knows."""
    found = control.status(target, name)
    if found is None and name not in discovery.names():
        discovery.load(name)
    return found


def _words(name: str) -> Words:
    return discovery.load(name).words if name in discovery.names() else Words()
