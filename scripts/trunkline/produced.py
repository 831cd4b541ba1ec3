"""The catalog that given changes produce, built on a throwaway.

What `drift` and `adopt` hold a live database against. The throwaway runs the changes as
a role of the live owner's name and has the live server's roles, so that owners and
grants can be compared as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection, sql

from trunkline import catalog
from trunkline.catalog import Difference, Snapshot
from trunkline.connect import of_keywords
from trunkline.errors import Failure
from trunkline.events import Emit, ignore
from trunkline.project import Change
from trunkline.rehearsal import left_roles
from trunkline.rehearsal.moves import bring_up
from trunkline.session import alone
from trunkline.throwaway import Request, Server, beside, open_server

DATABASE = "database of the connection"
"""What the catalog calls the database itself, whose name is no part of it."""


@dataclass(frozen=True)
class Live:
    """What of a live server is to be alike: who runs the changes, which roles there
    are, and the major version."""

    owner: str
    roles: frozenset[str]
    version: int


def live(connection: Connection) -> Live:
    """The same, as a connection shows it."""
    # The changes are run by the owner of the ledger, else by us.
    row = connection.execute(
        "select coalesce((select pg_get_userbyid(nspowner) from pg_namespace"
        " where nspname = 'trunkline'), current_user)"
    ).fetchone()
    assert row is not None
    return Live(
        str(row[0]), _roles(connection), connection.info.server_version // 10000
    )


def snapshot(
    changes: Sequence[Change],
    request: Request,
    like: Live,
    *,
    migration_table: str,
    emit: Emit,
) -> tuple[Snapshot, int]:
    """Apply `changes` to an empty database as `like.owner` and read its catalog.

    With it comes the major version of the server that they were applied on.

    Raises Failure when a change cannot be applied there.
    """
    run = "\n".join([left_roles.scripts(changes), *like.roles, like.owner])
    with (
        open_server(beside(request, like.version)) as server,
        left_roles.taken_away(server, run, emit),
    ):
        _make_roles(server, like)
        database = server.create()
        keywords = server.conninfo(database)
        as_owner = like.owner.replace("\\", "\\\\").replace(" ", "\\ ")
        target = of_keywords({**keywords, "options": f"-c role={as_owner}"})
        with server.connect(database) as connection:
            connection.execute(
                sql.SQL("alter database {} owner to {}").format(
                    sql.Identifier(database), sql.Identifier(like.owner)
                )
            )
        with alone(target, migration_table, lock_timeout=2.0, emit=ignore) as session:
            for change in changes:
                error = bring_up(session, change)
                if error is not None:
                    raise Failure(
                        f"{change.id} cannot be applied to an empty database",
                        detail=error,
                    )
            return catalog.snapshot(session.work), server.version_num // 10000


def differences(expected: Snapshot, found: Snapshot) -> tuple[Difference, ...]:
    """In what a live catalog departs.

    The database's own owner, comment, grants and limits are the installation's, not
    the changes'; its settings are compared.
    """
    return tuple(
        difference
        for difference in catalog.compare(expected, found)
        if not _is_of_database(difference)
    )


def _is_of_database(difference: Difference) -> bool:
    of_it = f"on {DATABASE} to " in difference.name and difference.object == "grant"
    return difference.object == "database" or difference.name == DATABASE or of_it


def _roles(connection: Connection) -> frozenset[str]:
    """The roles that a server's databases can own and grant with."""
    rows = connection.execute(
        "select rolname from pg_roles where rolname not like 'pg\\_%'"
    )
    return frozenset(str(name) for (name,) in rows)


def _make_roles(server: Server, like: Live) -> None:
    """Make those that the server lacks; the owner may do all there, unless it is
    somebody's own role on a server that outlives the run."""
    with server.administering() as connection:
        lacking = {*like.roles, like.owner} - _roles(connection)
        for role in sorted(lacking):
            connection.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
        if server.on != "url" or like.owner in lacking:
            connection.execute(
                sql.SQL("alter role {} superuser").format(sql.Identifier(like.owner))
            )
