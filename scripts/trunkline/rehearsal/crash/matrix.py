"""All changes, both directions, all points, all ways: who is tried when.

Clients are killed and backends terminated in several threads, each on a database of its
own. A crash of the server ends the runs of many databases at once, so they are brought
to their points together, and the server is crashed once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event

from trunkline.errors import Failure
from trunkline.project import Change
from trunkline.rehearsal import dropped_roles
from trunkline.rehearsal.crash.course import Course, Leg
from trunkline.rehearsal.crash.expected import Expected, undisturbed
from trunkline.rehearsal.crash.figures import WAYS, ChangeCrashes, Unconverged, Way
from trunkline.rehearsal.crash.nursery import Nursery
from trunkline.rehearsal.crash.points import Point, drawn, every, sample
from trunkline.rehearsal.moves import told
from trunkline.rehearsal.scene import Scene
from trunkline.throwaway import Server

THREADS = 4
GATHERED = 12
"""So many courses are gathered before the threads go to work."""
TOGETHER = 24
"""So many runs are ended by one crash of the server."""
CRASH: Way = "crashed server"


@dataclass
class _Case:
    """One change: what is known of it, and how many hold it: its courses that are not
    at their end, and who enters them."""

    expected: Expected
    open: int = 1
    crashes: int = 0
    found: list[Unconverged] = field(default_factory=list)
    #: What went wrong after several points, while each of them is tried alone.
    suspected: list[Unconverged] = field(default_factory=list)

    def report(self) -> ChangeCrashes:
        blamed = {(one.direction, one.way) for one in self.found}
        together = (s for s in self.suspected if (s.direction, s.way) not in blamed)
        return ChangeCrashes(
            self.expected.change.id, self.crashes, (*self.found, *together)
        )


class Matrix:
    """Takes changes in the order of a project, and reports on each when it is done.

    `sampled`: only a few points of each direction, and either the client or the backend
    of a run is ended there; the same every time.
    """

    def __init__(
        self,
        server: Server,
        nursery: Nursery,
        report: Callable[[ChangeCrashes], None],
        *,
        sampled: bool,
    ) -> None:
        self._server = server
        self._nursery = nursery
        self._report = report
        self._sampled = sampled
        self._cases: dict[str, _Case] = {}
        self._over = Event()
        #: Waiting for the threads, and for the next crash of the server.
        self._riding: list[Course] = []
        self._standing: list[Course] = []

    def add(self, scene: Scene, change: Change) -> None:
        """Try a change, now or together with others; the scene may go on."""
        own = replace(scene, database=self._server.create(template=scene.database))
        try:
            case = _Case(undisturbed(own, change))
        except Failure as error:
            if self._is_in_the_way(change, told(error)):
                self._try_on_servers_of_their_own(replace(own, alone=True), change)
            else:
                self._report(ChangeCrashes(change.id, 0, (), told(error)))
            self._server.drop(own.database)
            return
        self._cases[change.id] = case
        for way in self._ways(change):
            self._enter(case, way, self._legs(change, way))
            if case.expected.cluster_wide:
                self.finish()
        self._let_go(case)
        if len(self._riding) >= GATHERED:
            self._ride()
        while len(self._standing) >= TOGETHER:
            self._crash()

    def _is_in_the_way(self, change: Change, error: str) -> bool:
        """Whether a role could not be dropped for what is in our other databases."""
        return self._server.on == "embedded" and dropped_roles.is_kept(
            error, self._server.made()
        )

    def _try_on_servers_of_their_own(self, scene: Scene, change: Change) -> None:
        """Try a change one way after the other, while nobody else is at work."""
        self.finish()
        try:
            case = _Case(undisturbed(scene, change))
        except Failure as error:
            self._report(ChangeCrashes(change.id, 0, (), told(error)))
            return
        for way in self._ways(change):
            with scene.twin() as twin:
                legs = self._legs(change, way)
                course = Course(self._nursery, case.expected, twin, way, legs)
                while course.advance():
                    if way == CRASH:
                        twin.server.crash()
                        twin.server.start()
                        course.recover()
                    else:
                        course.strike()
            case.crashes += course.crashes
            if course.unconverged is not None:
                case.found.append(course.unconverged)
        self._report(case.report())

    def finish(self) -> None:
        """Try all that waits."""
        while self._riding or self._standing:
            self._ride()
            if self._standing:
                self._crash()

    def _ride(self) -> None:
        """Take what waits for the threads to the end."""
        courses, self._riding = self._riding, []
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                list(pool.map(self._to_the_end, courses))
            finally:
                self._over.set()  # Ctrl-C: no thread begins anything new
        self._over.clear()
        for course in courses:
            self._ended(course)

    def _crash(self) -> None:
        """Crash the server once, when all that stand on it are at a point."""
        courses = self._standing[:TOGETHER]
        with ThreadPoolExecutor(THREADS) as pool:
            at_a_point = list(pool.map(Course.advance, courses))
            struck = [c for c, there in zip(courses, at_a_point, strict=True) if there]
            if struck:
                self._server.crash()
                self._server.start()
                list(pool.map(Course.recover, struck))
        for course in courses:
            if course not in struck:
                self._standing.remove(course)
                self._ended(course)

    def _to_the_end(self, course: Course) -> None:
        while not self._over.is_set() and course.advance():
            course.strike()

    def _ended(self, course: Course) -> None:
        """Note what came of a course; where it went wrong, try its points alone."""
        self._server.drop(course.scene.database)
        case = self._cases[course.expected.change.id]
        case.crashes += course.crashes
        if (wrong := course.unconverged) is not None and course.failed is not None:
            if len(wrong.points) == 1:
                case.found.append(wrong)
            else:
                case.suspected.append(wrong)
                self._try_alone(case, course.way, course.legs, course.failed)
        self._let_go(case)

    def _let_go(self, case: _Case) -> None:
        """Report on a change if that was the last that held it."""
        case.open -= 1
        if not case.open:
            del self._cases[case.expected.change.id]
            self._server.drop(case.expected.scene.database)
            self._report(case.report())

    def _try_alone(
        self, case: _Case, way: Way, legs: tuple[Leg, ...], failed: Leg
    ) -> None:
        before = [replace(leg, points=()) for leg in legs[: legs.index(failed)]]
        for point in failed.points:
            self._enter(case, way, (*before, replace(failed, points=(point,))))

    def _enter(self, case: _Case, way: Way, legs: tuple[Leg, ...]) -> None:
        database = self._server.create(template=case.expected.scene.database)
        scene = replace(case.expected.scene, database=database)
        course = Course(self._nursery, case.expected, scene, way, legs)
        case.open += 1
        (self._standing if way == CRASH else self._riding).append(course)

    def _ways(self, change: Change) -> tuple[Way, ...]:
        ways = WAYS if self._server.on == "embedded" else WAYS[:2]
        if not self._sampled:
            return ways
        return (ways[drawn(change.id) % 2], *ways[2:])

    def _legs(self, change: Change, way: Way) -> tuple[Leg, ...]:
        legs = [Leg("up", change.migration, ())]
        if change.rollback is not None:
            legs.append(Leg("down", change.rollback, ()))
        return tuple(
            replace(leg, points=self._points(change, leg, way)) for leg in legs
        )

    def _points(self, change: Change, leg: Leg, way: Way) -> tuple[Point, ...]:
        found = every(leg.script, transactional=change.transactional)
        if not self._sampled:
            return found
        return sample(found, f"{change.id} {leg.direction} {way}")
