"""A database of a rehearsal, and the connections to it, open from change to change.

`session` runs changes as `apply` does, and their own checks. `eyes` reads catalog and
contents, on a connection of its own that rolls nothing back, so its statements stay
prepared. `asking` is for the checks that are asked again and again; it keeps their
plans. A database that is copied may have none of these, and what a change sets for new
sessions reaches only new ones: then all are closed, to be opened when they are next
asked for.
"""

from __future__ import annotations

from contextlib import ExitStack

from psycopg import Connection

from trunkline.checks import Plans
from trunkline.connect import connect, of_keywords
from trunkline.events import ignore
from trunkline.project import Project
from trunkline.rehearsal import state
from trunkline.rehearsal.scene import LOCK_TIMEOUT
from trunkline.session import Session, alone
from trunkline.throwaway import Server


class Place:
    """The database `name` on `server`, for the changes of `project`."""

    def __init__(self, server: Server, name: str, project: Project) -> None:
        self.name = name
        self._server = server
        self._project = project
        self._target = of_keywords(server.conninfo(name))
        self._opened = ExitStack()
        self._session: Session | None = None
        self._eyes: Connection | None = None
        self._asking: tuple[Connection, Plans] | None = None

    @property
    def session(self) -> Session:
        """Where changes are run; the ledger is there."""
        if self._session is None:
            self._session = self._opened.enter_context(
                alone(
                    self._target,
                    self._project.config.migration_table,
                    lock_timeout=LOCK_TIMEOUT,
                    emit=ignore,
                )
            )
        return self._session

    @property
    def eyes(self) -> Connection:
        """Where catalog and contents are read."""
        if self._eyes is None:
            self._eyes = self._connected()
            self._eyes.prepare_threshold = 0
            self._eyes.prepared_max = None
            state.heed(self._eyes, self._project)
        return self._eyes

    @property
    def asking(self) -> tuple[Connection, Plans]:
        """Where the invariants and the checks of other changes are asked."""
        if self._asking is None:
            self._asking = self._connected(), Plans()
        return self._asking

    def close(self) -> None:
        """Leave the database to itself."""
        self._opened.close()
        self._session = self._eyes = self._asking = None

    def drop(self) -> None:
        """Take the database away."""
        self.close()
        self._server.drop(self.name)

    def copy(self) -> Place:
        """A new database, equal to this one but for what belongs to a database itself:
        its settings, owner, grants and comment."""
        self.close()
        name = self._server.create(template=self.name)
        return Place(self._server, name, self._project)

    def _connected(self) -> Connection:
        connection = self._opened.enter_context(connect(self._target))
        # What is rehearsed may have set another one for our role.
        connection.execute("set role none")
        return connection
