"""A database of a rehearsal, and the connections to it, open from change to change.

`session` runs changes as `apply` does, and their own checks. `eyes` reads catalog and
contents, on a connection of its own that rolls nothing back, so its statements stay
prepared. `asking` is for the checks that are asked again and again; it keeps their
plans. A database that is copied may have none of these, and what a change sets for new
sessions reaches only new ones: then all are closed, to be opened when they are next
asked for. The `state` is remembered, and only what was written since is read again.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress

from psycopg import Connection, OperationalError

from trunkline.checks import Plans
from trunkline.connect import connect, of_keywords
from trunkline.events import ignore
from trunkline.project import Project
from trunkline.rehearsal import state
from trunkline.rehearsal.scene import LOCK_TIMEOUT
from trunkline.rehearsal.state import Beginning, State
from trunkline.session import Session, alone
from trunkline.throwaway import Server


class Place:
    """The database `name` on `server`, for the changes of `project`.

    `twin` is the state of another, of which it is a new copy.
    """

    def __init__(
        self, server: Server, name: str, project: Project, twin: State | None = None
    ) -> None:
        self.name = name
        self._server = server
        self._project = project
        self._target = of_keywords(server.conninfo(name))
        self._opened = ExitStack()
        self._session: Session | None = None
        self._eyes: Connection | None = None
        self._asking: tuple[Connection, Plans] | None = None
        self._twin = twin
        self._seen: State | None = None
        self._written: Beginning | None = None

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

    @property
    def state(self) -> State:
        """What it holds now."""
        if self._written is not None:
            try:
                state.tell(self.session.work)
                self.is_seen(self._written.now(self.eyes))
            except OperationalError:
                self._forget()
        if self._twin is not None:
            self.is_seen(state.of_copy(self.eyes, self._twin))
        if self._seen is None:
            self._seen = state.read(self.eyes)
        return self._seen

    def is_seen(self, now: State | None) -> None:
        """This is its state; None: nobody knows."""
        self._seen, self._twin, self._written = now, None, None

    def writing(self) -> Session:
        """The session, for what will write now: who next asks for the state is to have
        that found."""
        if self._written is None and (self._seen or self._twin):
            try:
                self._written = state.begin(self.eyes, self.state)
            except OperationalError:
                self._forget()
        return self.session

    def _forget(self) -> None:
        """Begin new sessions, and know nothing: a change has ended ours."""
        self.close()
        self.is_seen(None)

    def close(self) -> None:
        """Leave the database to itself."""
        if self._written is not None and self._session is not None:
            with suppress(OperationalError):  # nobody waits for its end to be told
                state.tell(self._session.work)
        self._opened.close()
        self._session = self._eyes = self._asking = None

    def drop(self) -> None:
        """Take the database away."""
        self.close()
        self._server.drop(self.name)

    def copy(self) -> Place:
        """A new database, equal to this one but for what belongs to a database itself:
        its settings, owner, grants and comment."""
        twin = self.state
        self.close()
        name = self._server.create(template=self.name)
        return Place(self._server, name, self._project, twin)

    def _connected(self) -> Connection:
        connection = self._opened.enter_context(connect(self._target))
        # What is rehearsed may have set another one for our role.
        connection.execute("set role none")
        return connection
