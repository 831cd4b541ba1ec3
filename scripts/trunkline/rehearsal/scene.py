"""What a part of the rehearsal starts from: a database as a change meets it.

Each part (traffic, crashes) works on copies of it, and takes the change up and down as
often as it likes; the rehearsal beside it never sees a row of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from psycopg import Connection

from trunkline.connect import of_keywords
from trunkline.events import ignore
from trunkline.project import Change, Project
from trunkline.rehearsal import state
from trunkline.session import Session, alone
from trunkline.throwaway import Server

LOCK_TIMEOUT = 2.0
"""In seconds. Where nobody else works, a lock that is not free at once will not be."""

Move = Callable[[Session, Change], str | None]
"""`bring_up` or `bring_down`: returns what went wrong, if it did."""


@dataclass(frozen=True)
class Scene:
    """`database` on `server` has the changes `present`, and stays as it is.

    `alone`: a copy needs a server of its own, since the change drops a role.
    """

    server: Server
    project: Project
    database: str
    present: frozenset[str]
    alone: bool = False

    @contextmanager
    def copy(self, database: str | None = None) -> Iterator[str]:
        """A copy of `database` (else of the scene's own) for the length of a block."""
        name = self.server.create(template=database or self.database)
        try:
            yield name
        finally:
            self.server.drop(name)

    @contextmanager
    def twin(self) -> Iterator[Scene]:
        """A copy of the scene that may be spoiled, for the length of a block."""
        if self.alone:
            with self.server.alone(self.database) as server:
                yield replace(self, server=server)
        else:
            with self.copy() as database:
                yield replace(self, database=database)

    def watch(self, database: str) -> Connection:
        """A connection on which the state of a copy is read."""
        connection = self.server.connect(database)
        state.heed(connection, self.project)
        return connection

    def move(self, database: str, change: Change, move: Move) -> str | None:
        """Take a change up or down on a copy; returns what went wrong, if it did."""
        with alone(
            of_keywords(self.server.conninfo(database)),
            self.project.config.migration_table,
            lock_timeout=LOCK_TIMEOUT,
            emit=ignore,
        ) as session:
            return move(session, change)
