"""A database with the tables of the toy backfills, and the engine run on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from tests.database.backfill.faults import plant
from tests.installation import READY, Installation, install
from tests.toys import TABLES
from trunkline import backfill
from trunkline.backfill import Backfill, Pace
from trunkline.connect import Target, of_keywords
from trunkline.events import Event
from trunkline.throwaway import Server

PACE = Pace(first_batch=7, largest_batch=50, chunk_rows=40)
"""Small, so that a few hundred rows are many batches in many chunks."""


@dataclass
class Toys:
    """One test's database on `server`, a connection to it, and what has happened."""

    server: Server
    database: str
    connection: psycopg.Connection
    events: list[Event] = field(default_factory=list)

    @property
    def target(self) -> Target:
        return of_keywords(self.server.conninfo(self.database))

    def originals(self, rows: int, text: str | None = None) -> None:
        """Add rows for the copies to be made of, in a few regions."""
        self.connection.execute(
            "insert into public.originals (region, n, text)"
            " select 'region ' || n %% 3, n, %s"
            " from generate_series(1, %s) as n",
            [text, rows],
        )

    def numbers(self, rows: int) -> None:
        self.connection.execute(
            "insert into public.numbers (id, value, document)"
            ' select n, n + 0.10, \'{"b":  1, "a": 1}\''
            " from generate_series(1, %s) as n",
            [rows],
        )

    def run(self, kind: type[Backfill], **options: Any) -> backfill.Report:
        options = {"pace": PACE, "emit": self.events.append, **options}
        return backfill.run(self.target, kind, **options)

    def until(self, reached: Callable[[], object]) -> None:
        """Wait until something is so, at most ten seconds."""
        deadline = time.monotonic() + 10
        while not reached():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def undo(self, kind: type[Backfill]) -> backfill.Undone:
        return backfill.undo(self.target, kind.name, pace=PACE, emit=self.events.append)

    def status(self, kind: type[Backfill]) -> backfill.Status:
        found = backfill.status(self.target, kind.name)
        assert found is not None
        return found

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode(), parameters).fetchall()

    def value(self, query: str, *parameters: object) -> Any:
        ((value,),) = self.rows(query, *parameters)
        return value

    def assert_each_copied_once(self, rows: int) -> None:
        """Every original has just one copy, and there is a copy of nothing else."""
        assert self.rows(
            "select count(*), count(distinct original), sum(n) from public.copies"
        ) == [(rows, rows, rows * (rows + 1) // 2)]

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def toys(server: Server, database: str, connection: psycopg.Connection) -> Toys:
    connection.execute(TABLES.encode())
    return Toys(server, database, connection)


@pytest.fixture(scope="session")
def ready(server: Server) -> str:
    """The name of an installation on which the backfills are to run, to be copied."""
    database = server.create()
    with server.connect(database) as owner:
        install(server, database, owner).apply(READY)
    return database


@pytest.fixture
def installation(server: Server, ready: str) -> Iterator[Installation]:
    """An installation of the test's own."""
    copy = server.create(template=ready)
    with server.connect(copy) as owner:
        yield Installation(server, copy, owner)
    server.drop(copy)


@pytest.fixture(scope="session")
def planted(server: Server, ready: str) -> str:
    """The name of an installation with 5,000 numbers more and every fault."""
    database = server.create(template=ready)
    with server.connect(database) as owner:
        plant(Installation(server, database, owner))
    return database


@pytest.fixture
def faulty(server: Server, planted: str) -> Iterator[Installation]:
    """An installation with every fault, of the test's own."""
    copy = server.create(template=planted)
    with server.connect(copy) as owner:
        yield Installation(server, copy, owner)
    server.drop(copy)


@pytest.fixture
def in_background() -> Iterator[Callable[..., Future[Any]]]:
    """Call something in a thread of its own; whatever it is ends with the test."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit


@pytest.fixture
def another(server: Server, toys: Toys) -> Iterator[Callable[[], psycopg.Connection]]:
    """More sessions on the test's database, for those who are in the way."""
    opened: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        opened.append(server.connect(toys.database))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
