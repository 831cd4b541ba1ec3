"""The roles that changes made on a server, taken away when the databases are gone.

A server that the user names has other people's roles as well. Dropped is a role only if
it was not there before, if a script that was run names it, if nobody is connected as it
and nothing outside the scratch databases depends on it. What else is not as it was, is
told, and left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from psycopg import Connection, Error

from trunkline.catalog import Difference
from trunkline.events import Emit, Notice
from trunkline.project import Change, Script
from trunkline.rehearsal import cluster
from trunkline.rehearsal.cluster import Role
from trunkline.throwaway import Server
from trunkline.throwaway.signals import afterwards


def read(server: Server) -> dict[str, Role]:
    """The roles of a server as they are now."""
    with server.administering() as connection:
        return cluster.roles(connection)


def scripts(changes: Iterable[Change]) -> str:
    """All that can be run of changes, and so name a role."""
    found: list[Script | None] = []
    for change in changes:
        found += (change.migration, change.rollback, change.fixture)
    return "\n".join(script.text for script in found if script is not None)


def is_named(difference: Difference, run: str) -> bool:
    """Whether scripts name what differs, and so may have altered it."""
    return bool(re.search(rf"(?i)(?<!\w){re.escape(difference.name)}(?!\w)", run))


@contextmanager
def taken_away(server: Server, run: str, emit: Emit) -> Iterator[None]:
    """Take away what the scripts `run` inside the block have left on a server that
    outlives it, with the databases that were made there."""
    if server.on != "url":
        yield
        return
    before = read(server)

    def take_away() -> None:
        for database in server.made():
            server.drop(database)
        put_back(server, before, run, emit)

    with afterwards(take_away):
        yield


def put_back(server: Server, before: dict[str, Role], run: str, emit: Emit) -> None:
    """Have the roles of a server as they were `before`.

    On a server of our own all are put back; on another's see above.
    """
    with server.administering() as connection:
        found = cluster.roles(connection)
        if server.on == "url":
            left = _dropped(connection, cluster.compare(before, found), run)
        else:
            _run(connection, cluster.renamed(before, found))
            found = cluster.roles(connection)
            left = _run(connection, cluster.compare(before, found))
    if left:
        told = "; ".join(f"{one.name} ({why})" for one, why in left)
        emit(Notice(f"roles of the server that are not as they were before: {told}"))


def _dropped(
    connection: Connection, differences: list[Difference], run: str
) -> list[tuple[Difference, str]]:
    ours, left = [], []
    for difference in differences:
        if difference.kind != "unexpected":
            left.append((difference, f"{difference.kind}: {difference.detail}"))
        elif not is_named(difference, run):
            left.append((difference, "new, and no script names it"))
        elif _is_in_use(connection, difference.name):
            left.append((difference, "new, and somebody is connected as it"))
        else:
            ours.append(difference)
    return left + _run(connection, ours)


def _run(
    connection: Connection, differences: list[Difference]
) -> list[tuple[Difference, str]]:
    """Run the repairs, each again as long as any succeeds: a role may stand in the way
    of another. Returns those that did not, and why."""
    left = [(difference, "") for difference in differences]
    while left:
        failed = []
        for difference, _ in left:
            try:
                with connection.transaction():
                    connection.execute(difference.repair.encode())
            except Error as error:
                failed.append((difference, str(error).partition("\n")[0]))
        if len(failed) == len(left):
            return failed
        left = failed
    return []


def _is_in_use(connection: Connection, role: str) -> bool:
    query = "select from pg_catalog.pg_stat_activity where usename = %s"
    return connection.execute(query, (role,)).rowcount > 0
