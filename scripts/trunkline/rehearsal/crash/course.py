"""One change on one database, up and then down, its runs ended at point after point.

After each crash the next run goes on with what the one before it left, as a person
would who runs the command again. At the end of each direction a last run must come to
what an undisturbed run leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, sleep

from psycopg import Connection

from trunkline import concurrent
from trunkline.connect import of_keywords
from trunkline.events import Direction
from trunkline.project import Script
from trunkline.rehearsal.crash.client import Order
from trunkline.rehearsal.crash.expected import Expected
from trunkline.rehearsal.crash.figures import Unconverged, Way
from trunkline.rehearsal.crash.nursery import Client, Nursery
from trunkline.rehearsal.crash.points import Point
from trunkline.rehearsal.scene import Scene

PATIENCE = 10.0
"""Seconds that the server gets to end a session whose client is gone (it looks for the
client of a running query once a second), and a statement to come to its wait."""


@dataclass(frozen=True)
class Leg:
    """One direction, and where its runs are ended."""

    direction: Direction
    script: Script
    points: tuple[Point, ...]


@dataclass
class Course:
    """A change on its way through crashes; `crashes` counts them.

    `scene` is the course's own, to be spoiled. It ends at the first
    leg that does not converge: `failed`, and `unconverged` says how.
    """

    nursery: Nursery
    expected: Expected
    scene: Scene
    way: Way
    legs: tuple[Leg, ...]
    crashes: int = 0
    failed: Leg | None = None
    unconverged: Unconverged | None = None

    def __post_init__(self) -> None:
        self._along = self._points()
        self._at = Point("sent")
        self._client: Client | None = None
        self._eyes: Connection | None = None
        self._holder: Connection | None = None
        self._found: list[str] = []

    def advance(self) -> bool:
        """Go on until a run stands at its next point; False: all is done."""
        at = next(self._along, None)
        if at is None:
            self._close()
            return False
        self._at = at
        self.crashes += 1
        return True

    def strike(self) -> None:
        """End the run that stands at its point, by its client or its backend."""
        client, eyes = self._client, self._watching()
        assert client is not None
        if self.way == "killed client":
            client.kill()
            if not _is_gone(eyes, client.backend):
                self._found.append(
                    "a killed client's query still ran after "
                    f"{PATIENCE:.0f} s on the server"
                )
                _terminate(eyes, client.backend)
        else:
            _terminate(eyes, client.backend)
            self._part()
        self._let_go()

    def recover(self) -> None:
        """The server has been crashed and started again while the run stood."""
        self._close()
        self._part()

    def _points(self) -> Iterator[Point]:
        crashed = self.way == "crashed server"
        beginning = None if crashed else self.expected.begin(self._watching())
        for leg in self.legs:
            self._found = []
            for point in leg.points:
                if self._comes_to(leg, point):
                    yield point
            if error := self._run(leg, None).ends():
                self._found.append(f"the last run failed: {error}")
            self._found += self.expected.wrong(
                self._watching(), leg.direction, beginning
            )
            if self._found:
                told = tuple(point.told(leg.script) for point in leg.points)
                self.failed = leg
                self.unconverged = Unconverged(
                    leg.direction, self.way, told, tuple(self._found)
                )
                return

    def _comes_to(self, leg: Leg, point: Point) -> bool:
        if point.kind == "during" and not self._hold(leg.script, point.statement):
            return False
        self._client = self._run(leg, point)
        if point.kind == "during" and self._is_held():
            return True
        if point.kind != "during" and self._client.stops():
            return True
        self._let_go()
        error = self._client.ends() or "it came to its end before"
        self._found.append(f"a run did not come {point.told(leg.script)}: {error}")
        return False

    def _run(self, leg: Leg, point: Point | None) -> Client:
        scene, change = self.scene, self.expected.change
        return self.nursery.client(
            Order(
                of_keywords(scene.server.conninfo(scene.database)),
                scene.project.config.migration_table,
                change,
                leg.direction,
                point,
            )
        )

    def _part(self) -> None:
        """Let the client, whose session was ended, find out and end."""
        assert self._client is not None
        if self._at.kind == "sent":  # it would have to read the answer that was lost
            self._client.kill()
            return
        error = self._client.ends()
        if error is None:
            self._found.append("a run whose session was ended says that all is well")
        elif error.startswith("Traceback"):
            self._found.append(f"a run whose session was ended broke down: {error}")

    def _hold(self, script: Script, number: int) -> bool:
        """Keep a concurrent statement waiting, by a transaction that writes to its
        table; False where there is no such table yet."""
        what = concurrent.of(script.statements[number - 1])
        assert what is not None
        row = self._watching().execute(
            "select coalesce((select indrelid from pg_catalog.pg_index"
            " where indexrelid = to_regclass(%s)), to_regclass(%s))::regclass::text",
            [what.relation, what.relation],
        )
        (table,) = row.fetchone() or (None,)
        if table is None:
            return False
        self._holder = self.scene.server.connect(self.scene.database, autocommit=False)
        # A name that comes from regclass is quoted.
        self._holder.execute(f"lock table {table} in row exclusive mode".encode())
        return True

    def _is_held(self) -> bool:
        """Wait until the run waits for the transaction that holds it."""
        assert self._client is not None
        deadline = monotonic() + PATIENCE
        while monotonic() < deadline and not self._client.has_ended():
            row = self._watching().execute(
                "select exists (select from pg_catalog.pg_locks where pid = %s"
                " and locktype = 'virtualxid' and not granted)",
                [self._client.backend],
            )
            if row.fetchone() == (True,):
                return True
            sleep(0.005)
        return False

    def _let_go(self) -> None:
        if self._holder is not None:
            self._holder.close()
            self._holder = None

    def _watching(self) -> Connection:
        if self._eyes is None:
            self._eyes = self.scene.watch(self.scene.database)
        return self._eyes

    def _close(self) -> None:
        self._let_go()
        if self._eyes is not None:
            self._eyes.close()
            self._eyes = None


def _is_gone(eyes: Connection, pid: int) -> bool:
    """Whether a session ends within the time that it has."""
    deadline = monotonic() + PATIENCE
    query = "select exists (select from pg_catalog.pg_stat_activity where pid = %s)"
    while eyes.execute(query, [pid]).fetchone() == (True,):
        if monotonic() > deadline:
            return False
        sleep(0.002)
    return True


def _terminate(eyes: Connection, pid: int) -> None:
    eyes.execute("select pg_terminate_backend(%s, 10000)", [pid])
