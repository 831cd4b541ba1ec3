"""`--traffic`: the application goes on working while a change goes up and comes down.

It works on copies, so the rehearsal beside it never sees a row of this. What the
application may not do any more after the change, its scripts say (`-- until:`); what it
does from the change on (`-- since:`) is played until the rollback has begun.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field

from trunkline.connect import of_keywords
from trunkline.events import ignore
from trunkline.project import Change, Project
from trunkline.rehearsal.change import bring_down, bring_up
from trunkline.rehearsal.result import Declared, Lost
from trunkline.rehearsal.traffic import loss
from trunkline.rehearsal.traffic.figures import ChangeTraffic, Window, phases
from trunkline.rehearsal.traffic.loss import Written
from trunkline.rehearsal.traffic.player import Record, playing
from trunkline.rehearsal.traffic.scripts import TrafficScript
from trunkline.session import Session, alone
from trunkline.throwaway import Server

LOCK_TIMEOUT = 2.0

Move = Callable[[Session, Change], str | None]


@dataclass(frozen=True)
class Scene:
    """Where the traffic is played: copies of `database` on `server`, with `present`
    applied. `quiet` are the seconds of traffic on each side of a change."""

    server: Server
    project: Project
    database: str
    present: frozenset[str]
    scripts: tuple[TrafficScript, ...]
    quiet: float = 0.4


@dataclass
class _Course:
    """What has been measured of one change so far."""

    record: Record = field(default_factory=Record)
    windows: list[Window] = field(default_factory=list)
    lost: tuple[Lost, ...] = ()
    declared: tuple[Declared, ...] = ()

    @contextmanager
    def window(self, name: str, *, sharp: bool = False) -> Iterator[None]:
        begin = time.time()
        try:
            yield
        finally:
            self.windows.append(Window(name, begin, time.time(), sharp))

    def quiet(
        self, name: str, scripts: Sequence[TrafficScript], seconds: float
    ) -> None:
        """Let the application work for a while, where it does anything."""
        with self.window(name):
            time.sleep(seconds if scripts else 0)


def play(scene: Scene, change: Change) -> ChangeTraffic | None:
    """Take a change up and down under traffic; None where no script is played."""
    after = scene.present | {change.id}
    new = _fitting(scene, after)
    if not new:
        return None
    course = _Course()
    with _copy(scene.server, scene.database) as database:
        error = _play(scene, change, database, new, course)
    going = frozenset(script.name for script in new if script.since == change.id)
    return ChangeTraffic(
        id=change.id,
        phases=phases(course.record, course.windows, going),
        lost=course.lost,
        declared=course.declared,
        error=error,
    )


def _play(
    scene: Scene,
    change: Change,
    database: str,
    new: tuple[TrafficScript, ...],
    course: _Course,
) -> str | None:
    old = tuple(script for script in new if script.fits(scene.present))
    server, record = scene.server, course.record
    with playing(server, database, old, record):
        course.quiet("before", old, scene.quiet)
        with course.window("up", sharp=True):
            error = _move(scene, database, change, bring_up)
        if error is not None or change.rollback is None:
            return error
        course.quiet("after up", old, scene.quiet)
    with _copy(server, database) as up:
        with playing(server, database, new, record):
            course.quiet("after up", new, scene.quiet)
        error = _weigh(scene, change, up, database, course)
    if error is not None:
        return error
    with playing(server, database, new, record):
        course.quiet("after up", new, scene.quiet)
        with course.window("down", sharp=True):
            error = _move(scene, database, change, bring_down)
    with playing(server, database, old, record):
        course.quiet("after down", old, scene.quiet)
    return error


def _weigh(
    scene: Scene, change: Change, up: str, full: str, course: _Course
) -> str | None:
    """Roll back with what the application has written, and without; compare."""
    server = scene.server
    with _copy(server, up) as up_down, _copy(server, full) as full_down:
        for database in (up_down, full_down):
            error = _move(scene, database, change, bring_down)
            if error is not None:
                return error
        with (
            server.connect(up) as one,
            server.connect(full) as two,
            server.connect(up_down) as three,
            server.connect(full_down) as four,
        ):
            course.lost, course.declared = loss.taken(
                Written(one, two, three, four), change.losses
            )
    return None


def _move(scene: Scene, database: str, change: Change, move: Move) -> str | None:
    with alone(
        of_keywords(scene.server.conninfo(database)),
        scene.project.config.migration_table,
        lock_timeout=LOCK_TIMEOUT,
        emit=ignore,
    ) as session:
        return move(session, change)


def _fitting(scene: Scene, present: Set[str]) -> tuple[TrafficScript, ...]:
    return tuple(script for script in scene.scripts if script.fits(present))


@contextmanager
def _copy(server: Server, database: str) -> Iterator[str]:
    name = server.create(template=database)
    try:
        yield name
    finally:
        server.drop(name)
