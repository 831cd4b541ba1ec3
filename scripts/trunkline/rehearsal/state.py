"""What a database holds at one moment: catalog, contents, and the server's roles."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection

from trunkline import catalog, contents
from trunkline.catalog import Snapshot
from trunkline.contents import Contents
from trunkline.rehearsal import cluster
from trunkline.rehearsal.cluster import Role


@dataclass(frozen=True)
class State:
    """The state of one database."""

    catalog: Snapshot
    contents: Contents
    roles: dict[str, Role]

    def of_database(self) -> tuple[object, object]:
        """What belongs to the database itself, and so to no copy of it."""
        return self.catalog.of("database"), self.catalog.of("database setting")

    def greets_alike(self, other: State) -> bool:
        """Whether a new session would begin with the same settings and role."""
        return (self.of_database(), self.roles) == (other.of_database(), other.roles)


def read(
    connection: Connection,
    since: State | None = None,
    touched: frozenset[int] | None = None,
) -> State:
    """Read the state of a database.

    Where only the relations with the OIDs `touched` can have been written to `since` an
    earlier state, the contents of the others are not read again.
    """
    untouched = (
        since.contents.without(touched)
        if since is not None and touched is not None
        else {}
    )
    return State(
        catalog.snapshot(connection),
        contents.digest(connection, untouched),
        cluster.roles(connection),
    )
