"""What one process does of a rehearsal: stretches of the changes, on its own throwaway.

The changes between two of its stretches are only applied, with their fixtures; other
processes rehearse them. Roles belong to a server, so no two share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain

from trunkline.copying import Copied, Wanted
from trunkline.errors import Failure
from trunkline.events import Event, Notice
from trunkline.project import Change, Project
from trunkline.rehearsal import left_roles, source, traffic
from trunkline.rehearsal.crash import playing as crash
from trunkline.rehearsal.crash.figures import ChangeCrashes
from trunkline.rehearsal.mutants import Makers
from trunkline.rehearsal.mutate import Attempts
from trunkline.rehearsal.result import Played, Rehearsed
from trunkline.rehearsal.stage import HalfApplied, Stage
from trunkline.rehearsal.traffic.scripts import TrafficScript
from trunkline.throwaway import Request, open_server


@dataclass(frozen=True)
class Parts:
    """What is asked for beyond up, down and up again."""

    traffic: bool = False
    mutate: bool = False
    crash: bool = False
    certify: bool = False


@dataclass(frozen=True)
class Order:
    """What is asked of every process: which changes are rehearsed, and how.

    `application` is played as traffic. With a `copy` of a real database to begin with,
    one process does all.
    """

    project: Project
    request: Request
    ids: tuple[str, ...]
    copy: Wanted | None
    allow_unverified: bool
    parts: Parts
    application: tuple[TrafficScript, ...]

    @property
    def wanted(self) -> frozenset[str]:
        """The changes to rehearse: all, if none is named."""
        return frozenset(self.ids or (change.id for change in self.project.changes))


@dataclass(frozen=True)
class Stretch:
    """Some changes that follow each other, by their places in the project."""

    first: int
    end: int


@dataclass(frozen=True)
class Ended:
    """Where a process has worked, and what it has copied there.

    `attempts` are those with mutants, and `crashes` the crashes, of a process that does
    all.
    """

    on: str
    version: str
    copied: Copied | None = None
    attempts: Attempts | None = None
    crashes: tuple[ChangeCrashes, ...] = ()


Tell = Callable[[Stretch, Event], None]
"""Called with what is found in a stretch, as it is found."""


def work(order: Order, stretches: Iterable[Stretch], tell: Tell) -> Ended:
    """Rehearse each stretch; they come in the project's order.

    Raises Failure when no throwaway can be had, and for a change that is not wanted and
    cannot be applied; a fault of a wanted change is told.
    """
    left = iter(stretches)
    stretch = next(left, None)
    unfit: set[str] = set()
    while True:
        try:
            with open_server(order.request) as server, ExitStack() as leaving:
                stage = Stage(server, order.project, lends=order.parts.traffic)
                leaving.callback(stage.leave)
                done = 0
                while stretch is not None:
                    between = range(done, stretch.first)
                    for found in chain(
                        _pass(order, stage, between, unfit),
                        _rehearse(order, stage, stretch),
                    ):
                        tell(stretch, found)
                    done, stretch = stretch.end, next(left, None)
                return Ended(server.on, server.version)
        except HalfApplied as half:
            unfit.add(half.id)


def alone(order: Order, hear: Callable[[Event], None]) -> Ended:
    """Do all that is asked in one process, on one throwaway; raises as `work` does."""
    heard: list[str] = []

    def listen(found: Event) -> None:
        if isinstance(found, Rehearsed) and found.report.down is not None:
            heard.append(found.report.id)
        hear(found)

    request, start = order.request, None
    if order.copy is not None:
        request = source.fitted(request, order.copy, hear)
    with open_server(request) as server, ExitStack() as leaving:
        if order.copy is not None:
            start = source.start(server, order.project, order.copy, order.ids, hear)
            order = replace(order, project=start.project)
        run = left_roles.scripts(order.project.changes)
        leaving.enter_context(left_roles.taken_away(server, run, hear))
        before = left_roles.read(server)
        # Crashes come last, and begin where the rehearsal began.
        crashed, again = server, None
        if order.parts.crash and start is not None and server.on == "embedded":
            # Beside the rehearsal, its copy would keep a role from being dropped.
            crashed, again = leaving.enter_context(server.alone(start.database)), start
        elif order.parts.crash:
            again = crash.copied(server, start)
        stage = Stage(server, order.project, lends=order.parts.traffic, start=start)
        leaving.callback(stage.leave)
        source.tell(stage.complaints, hear)
        makers = Makers() if order.parts.mutate else None
        for found in _rehearse(order, stage, Stretch(0, _end(order)), makers):
            listen(found)
        attempts = stage.mutate(makers, hear) if makers else None
        crashes: tuple[ChangeCrashes, ...] = ()
        if order.parts.crash:
            stage.close()
            left_roles.put_back(server, before, run, hear)
            crashes = crash.play(crashed, order.project, heard, hear, start=again)
        return Ended(
            server.on,
            server.version,
            copied=start.copied if start else None,
            attempts=attempts,
            crashes=crashes,
        )


def _end(order: Order) -> int:
    """Where the last wanted change ends; mutants are made of what there is at last."""
    changes = order.project.changes
    if order.parts.mutate:
        return len(changes)
    wanted = (n for n, change in enumerate(changes, 1) if change.id in order.wanted)
    return max(wanted, default=0)


def _pass(
    order: Order, stage: Stage, places: range, unfit: set[str]
) -> Iterator[Event]:
    """Apply what is not rehearsed here; `unfit` has been found not to go up."""
    for place in places:
        change = order.project.changes[place]
        if change.id not in order.wanted:
            yield from _apply(stage, change)
        elif change.id not in unfit:
            stage.try_to_apply(change)


def _rehearse(
    order: Order, stage: Stage, stretch: Stretch, makers: Makers | None = None
) -> Iterator[Event]:
    """Rehearse a stretch; `makers` learn which change has made what."""
    for change in order.project.changes[stretch.first : stretch.end]:
        if change.id in stage.present:
            continue  # a copy of a real database has it
        before = stage.catalog if makers else None
        maker = None
        if change.id not in order.wanted:
            yield from _apply(stage, change)
        else:
            maker = change.id
            with stage.rehearse(change) as (report, scene):
                ok = report.ok(allow_unverified=order.allow_unverified)
                yield Rehearsed(report, ok=ok)
                if scene and (felt := traffic.play(scene, change, order.application)):
                    yield Played(felt)
        if makers and before:
            makers.learn(maker, before, stage.catalog)


def _apply(stage: Stage, change: Change) -> Iterator[Event]:
    """Apply a change that is not rehearsed; one that cannot be is told, and left out.

    Raises Failure where half of it may be there.
    """
    try:
        stage.apply(change)
    except Failure as error:
        if not change.transactional:
            raise
        reason = (error.detail or "").partition("\n")[0]
        yield Notice(f"{error.message}, and is left out: {reason}")
