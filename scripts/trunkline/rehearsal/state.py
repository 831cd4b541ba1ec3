"""What a database holds at one moment: catalog, contents, and what is around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from psycopg import Connection, errors

from trunkline import catalog, contents
from trunkline.catalog import Difference, Snapshot, fresh
from trunkline.catalog.reading import reading
from trunkline.catalog.rereading import Look, in_copy, look
from trunkline.contents import Contents, Position, TableDigest
from trunkline.errors import Failure
from trunkline.project import Project
from trunkline.rehearsal import cluster, others, surroundings
from trunkline.rehearsal.cluster import Role
from trunkline.rehearsal.surroundings import Surroundings


@dataclass(frozen=True)
class State:
    """The state of one database."""

    look: Look
    contents: Contents
    roles: dict[str, Role]
    around: Surroundings

    @property
    def catalog(self) -> Snapshot:
        return self.look.snapshot

    def same_as(self, other: State) -> bool:
        """Whether all is equal that can be compared."""
        return (self.catalog, self.contents, self.roles, self.around) == (
            other.catalog,
            other.contents,
            other.roles,
            other.around,
        )

    def of_database(self) -> tuple[object, ...]:
        """What belongs to the database itself, and so to no copy of it."""
        kinds = ("database", "database setting", "subscription")
        return tuple(self.catalog.of(kind) for kind in kinds)

    def greets_alike(self, other: State) -> bool:
        """Whether a new session would begin with the same settings and role."""
        return (self.of_database(), self.roles) == (other.of_database(), other.roles)


@dataclass(frozen=True)
class Beginning:
    """A database before it is written to, so that little of it is read again later.

    It holds as long as the server counts what is written: a crash lets it forget.
    """

    state: State
    versions: contents.Versions

    def now(self, connection: Connection) -> State:
        """The state of the database; whoever wrote to it has told so, or is gone."""
        touched = contents.touched_since(self.versions, connection)
        return read(connection, self.state, touched)


def begin(connection: Connection, state: State) -> Beginning:
    """Take notes of a database, whose state this is."""
    return Beginning(state, contents.versions(connection))


def of_copy(connection: Connection, twin: State) -> State:
    """The state of a new copy of a database; `twin` is that one's.

    What is its own came with the copy; what is the server's may be another by now.
    """
    look = in_copy(connection, twin.look)
    same = partial(fresh.are_same, twin.look.counters, look.counters)
    around = surroundings.read(
        connection, twin.around, commented=False, written=not same(others.SHARED)
    )
    roles = twin.roles if same(cluster.CATALOGS) else cluster.roles(connection)
    return replace(twin, look=look, roles=roles, around=around)


def read(
    connection: Connection,
    since: State | None = None,
    touched: frozenset[int] | None = None,
) -> State:
    """Read the state of a database.

    Where `since` is an earlier state of it, only what has changed of the catalog is
    read; and where only the relations with the OIDs `touched` can have been written to,
    the contents of the others are not read again. Who has written must tell so.
    """
    untouched = (
        since.contents.without(touched)
        if since is not None and touched is not None
        else {}
    )
    with reading(connection):
        now = look(connection, since.look if since else None)
        there = _contents(connection, untouched)
        if since is None:
            around = surroundings.read(connection)
            return State(now, there, cluster.roles(connection), around)
        same = partial(fresh.are_same, since.look.counters, now.counters)
        around = surroundings.read(
            connection,
            since.around,
            commented=not same(surroundings.CATALOGS),
            written=not same(others.CATALOGS),
        )
        roles = since.roles if same(cluster.CATALOGS) else cluster.roles(connection)
        return State(now, there, roles, around)


def _contents(
    connection: Connection, untouched: Mapping[str, TableDigest | Position]
) -> Contents:
    """Raises Failure where not all rows may be read: those would prove nothing."""
    try:
        return contents.read(connection, untouched)
    except errors.InsufficientPrivilege as error:
        raise Failure(
            "not all that the changes make can be read",
            detail=f"The server said: {error.diag.message_primary}.",
            hint="Rehearse as a superuser or a role with bypassrls, or without `--on`.",
        ) from None


def differences(expected: State, found: State, eyes: Connection) -> list[Difference]:
    """What is not as expected, in an order in which the repairs can be run.

    `eyes` are connected to the database that was found. Where a role has another name,
    what it owns and may do is compared under the expected one.
    """
    renamed = cluster.renamed(expected.roles, found.roles)
    there, roles = found.catalog, found.roles
    if renamed:
        with eyes.transaction(force_rollback=True):
            for difference in renamed:
                eyes.execute(difference.repair.encode())
            there, roles = catalog.snapshot(eyes), cluster.roles(eyes)
    return [
        *renamed,
        *catalog.compare(expected.catalog, there),
        *cluster.compare(expected.roles, roles),
        *surroundings.compare(expected.around, found.around, eyes),
    ]


_UNCOUNTED = """
select exists (
    select
    from pg_catalog.pg_proc
    where oid >= 16384
        and concat(prosrc, proconfig, pg_get_function_sqlbody(oid))
            ~* 'track_counts|pg_stat_reset'
) or exists (
    select
    from pg_catalog.pg_db_role_setting
    where setconfig::text ~* 'track_counts'
)
"""
"""What came with the copy of a real database may do it too."""


def heed(connection: Connection, project: Project) -> None:
    """Have nothing read from the server's counters where they may miss something."""
    if not project.is_counted or connection.execute(_UNCOUNTED).fetchall()[0][0]:
        connection.execute("set track_counts = off")


def tell(connection: Connection) -> None:
    """Have the server's counters hold what this session has written so far."""
    connection.execute("select pg_catalog.pg_stat_force_next_flush()")
