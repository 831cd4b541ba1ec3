"""Scratch databases on a server that the user names, dropped when the run is over.

Every database is marked with a comment that names the run, and the run holds an
advisory lock of that number for as long as it lives. A later run drops what is marked,
and whose lock nobody holds, and on which nobody is connected but the workers of a
subscription. It touches nothing without such a mark. The connection must be a direct
one: a pooler that gives one session to many clients would lose the lock.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from trunkline.connect import Target, connect, target
from trunkline.errors import Failure
from trunkline.throwaway.binaries import client_programs
from trunkline.throwaway.server import Server
from trunkline.throwaway.signals import afterwards

LOCKS = 0x74726B6C
"""The first number of our advisory locks, "trkl"; the second one is the run's."""
MARK = "trunkline: scratch database of run {}, dropped when the run is over"
LEFTOVERS = """
select datname
from pg_database
cross join lateral (
    select substring(
        shobj_description(pg_database.oid, 'pg_database')
        from '^trunkline: scratch database of run ([0-9]{1,10}),'
    )::bigint as run
) as mark
where
    run is not null
    and not exists (
        select
        from pg_locks
        where
            locktype = 'advisory'
            and classid = %s
            and objid::bigint = run
            and objsubid = 2
    )
    and not exists (
        select
        from pg_stat_activity
        where
            pg_stat_activity.datid = pg_database.oid
            and backend_type not like 'logical replication%%'
    )
"""


@contextmanager
def scratch(url: str) -> Iterator[Server]:
    """Make scratch databases on the server of `url` inside the block.

    Raises `UsageError` for a URL that cannot be read, `Unreachable` when the server
    does not let us in, `Failure` when it is too old or we may not make databases.
    """
    named = target(url)
    with connect(named) as connection:
        server = Scratch(named, connection, _claim(connection))
        _expect_right(connection)
        with afterwards(server.drop_all):
            server.sweep(connection)
            yield server


class Scratch(Server):
    """Somebody else's server, on which we may only touch what we made."""

    def __init__(self, named: Target, connection: psycopg.Connection, run: int) -> None:
        info = connection.info
        where = {k: v for k, v in named.keywords.items() if v is not None}
        where |= {"host": info.host, "port": info.port, "user": info.user}
        if info.password:
            where["password"] = info.password
        maintenance = where.pop("dbname", None) or info.dbname
        super().__init__(
            on="url",
            where=where,
            maintenance=str(maintenance),
            # Copying files would force two checkpoints on a server that others use.
            copying="wal_log",
        )
        self._learn_version(connection)
        self.binaries = client_programs(self.version_num)
        self._run = run

    def drop_all(self) -> None:
        """Drop every database that this run made; raises the last `Failure`."""
        failed = None
        for database in sorted(self._made):
            try:
                self.drop(database)
            except Failure as failure:
                failed = failure
        self.close()
        if failed is not None:
            raise failed

    def sweep(self, connection: psycopg.Connection) -> None:
        """Drop what killed runs left; what cannot be dropped is another's, or used."""
        for (database,) in connection.execute(LEFTOVERS, (LOCKS,)).fetchall():
            self._made.add(database)
            try:
                self.drop(database)
            except (Failure, psycopg.Error):
                self._made.discard(database)

    def _mark(self, connection: psycopg.Connection, database: str) -> None:
        connection.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(database), sql.Literal(MARK.format(self._run))
            )
        )


def _claim(connection: psycopg.Connection) -> int:
    """Lock a new number for this run, for as long as the connection lives."""
    run = secrets.randbelow(2**31)
    connection.execute("set idle_session_timeout = 0")
    connection.execute("select pg_advisory_lock(%s, %s)", (LOCKS, run))
    return run


def _expect_right(connection: psycopg.Connection) -> None:
    """Raise `Failure` unless we may make databases (CREATE DATABASE's manual)."""
    query = "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"
    row = connection.execute(query).fetchone()
    if row is None or not row[0]:
        raise Failure(
            f"{connection.info.user} may not make databases on {connection.info.host}",
            hint=f"Let a superuser run: alter role {connection.info.user} createdb;",
        )
