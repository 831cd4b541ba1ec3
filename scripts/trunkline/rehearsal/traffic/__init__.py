"""`--traffic`: the application goes on working while a change goes up and comes down.

It works on copies, so the rehearsal beside it never sees a row of this. What the
application may not do any more after the change, its scripts say (`-- until:`); what it
does from the change on (`-- since:`) is played until the rollback has begun.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import Connection

from trunkline.errors import Failure
from trunkline.project import Change
from trunkline.rehearsal.lost import Declared, Lost
from trunkline.rehearsal.moves import bring_down, bring_up, told
from trunkline.rehearsal.scene import Scene
from trunkline.rehearsal.traffic import loss
from trunkline.rehearsal.traffic.figures import ChangeTraffic, Window, phases
from trunkline.rehearsal.traffic.player import Record, playing
from trunkline.rehearsal.traffic.scripts import TrafficScript

QUIET = 0.25
"""Seconds of traffic before a change, and with it before it is rolled back."""


@dataclass
class _Course:
    """What has been measured of one change so far."""

    seconds: float
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
        self, name: str, scripts: Sequence[TrafficScript], share: float = 1.0
    ) -> None:
        """Let the application work for a while, where it does anything."""
        with self.window(name):
            time.sleep(self.seconds * share if scripts else 0)


def play(
    scene: Scene,
    change: Change,
    scripts: Sequence[TrafficScript],
    *,
    quiet: float = QUIET,
) -> ChangeTraffic | None:
    """Take a change up and down under traffic; None where no script is played.

    Raises Failure when pgbench is missing, stuck, or cannot read a script.
    """
    after = scene.present | {change.id}
    new = tuple(script for script in scripts if script.fits(after))
    if not new:
        return None
    course = _Course(quiet)
    with scene.copy() as database:
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
        course.quiet("before", old)
        with course.window("up", sharp=True):
            error = scene.move(database, change, bring_up)
        if error is not None:
            return error
        course.quiet("after up", old, share=0.25)
    with scene.copy(database) as up:
        with playing(server, database, new, record):
            course.quiet("after up", new)
        error = _weigh(scene, change, up, database, course)
    if error is not None:
        return error
    with playing(server, database, new, record):
        course.quiet("after up", new, share=0.25)
        with course.window("down", sharp=True):
            error = scene.move(database, change, bring_down)
    with playing(server, database, old, record):
        course.quiet("after down", old, share=0.5)
    return error


def _weigh(
    scene: Scene, change: Change, up: str, full: str, course: _Course
) -> str | None:
    """Roll back what the application has written on a copy, and compare."""

    @contextmanager
    def rolled_back(database: str) -> Iterator[Connection]:
        with scene.copy(database) as copy:
            error = scene.move(copy, change, bring_down)
            if error is not None:
                raise Failure(f"{change.id} cannot be rolled back", detail=error)
            with scene.server.connect(copy) as connection:
                yield connection

    connect = scene.server.connect
    try:
        with rolled_back(full) as full_down, connect(full) as written:
            course.lost, course.declared = loss.taken(
                loss.Written(
                    full=written,
                    full_down=full_down,
                    up=lambda: connect(up),
                    up_down=lambda: rolled_back(up),
                ),
                change.losses,
            )
    except Failure as failure:
        return told(failure)
    return None
