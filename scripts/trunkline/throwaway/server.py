"""A running throwaway, whatever it runs on: where it is, and the databases made on it.

It drops and renames only databases that it made itself. Reports may show `on` and
`version`; the password is in `conninfo` and `environment`, and nowhere else.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from trunkline.connect import refuse_old, variables
from trunkline.errors import Failure, Unreachable

BUSY_WAIT = 1.0
"""Seconds that `create` and `rename` give sessions that are just closing."""
_OWN_SETTINGS = (
    "set role none; set default_transaction_read_only = off; set statement_timeout = 0"
)
"""What is rehearsed may have set these, for its role or for all databases."""
_DROP_SLOTS = (
    "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
    " where database = %s and not active"
)
"""What was rehearsed on a database may have left some, which keep it from being
dropped."""


class Server:
    """A PostgreSQL server on which databases can be made and thrown away."""

    on: str
    version: str
    version_num: int
    binaries: Path | None

    def __init__(
        self,
        *,
        on: str,
        where: Mapping[str, str | int],
        maintenance: str,
        copying: str,
        binaries: Path | None = None,
    ) -> None:
        """Describe a server.

        `where` has libpq's keywords without `dbname`, `maintenance` is the database
        from which others are made, `copying` is `create database`'s strategy.
        """
        self.on = on
        self.binaries = binaries
        self._where = dict(where)
        self._maintenance = maintenance
        self._copying = sql.SQL(copying)
        self._made: set[str] = set()
        self._administrator: psycopg.Connection | None = None
        self._administered = Lock()

    def conninfo(self, database: str) -> dict[str, str | int]:
        """The keyword arguments with which psycopg connects to `database`.

        `host`, `port`, `user`, `dbname`, `password` when there is one, and further
        settings that the server needs, such as `sslmode`.
        """
        return {**self._where, "dbname": database}

    def environment(self, database: str) -> dict[str, str]:
        """The variables with which psql, pgbench, yoyo and others find `database`.

        `DATABASE_URL`, `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGPASSWORD` when
        there is one, and libpq's variable for every further setting.
        """
        settings = {name: str(value) for name, value in self.conninfo(database).items()}
        return {"DATABASE_URL": _url(settings), **variables(settings)}

    def logged(self) -> bytes:
        """What the server has written down so far; nothing where that is not ours."""
        return b""

    def connect(self, database: str, **kwargs: Any) -> psycopg.Connection:
        """Connect to `database`, with autocommit unless `kwargs` say otherwise."""
        return psycopg.connect(
            **{"autocommit": True, **self.conninfo(database), **kwargs}
        )

    def create(
        self, database: str | None = None, *, template: str | None = None
    ) -> str:
        """Make a database, empty or a copy of `template`, and return its name.

        The name is a new one when `database` is None. `template` is a database that
        this server object made; sessions on it get a second to end. Raises `Failure`
        for any other template, or when the server refuses.
        """
        database = database or f"trunkline_scratch_{secrets.token_hex(6)}"
        if template is not None:
            self._expect_own(template, "copied")
        with self._administer() as connection:
            if template is not None:
                _expect_idle(connection, template, "copied")
            _execute(
                connection,
                f"database {database} cannot be made",
                sql.SQL("create database {} template {} strategy {}").format(
                    sql.Identifier(database),
                    sql.Identifier(template or "template0"),
                    self._copying,
                ),
            )
            self._made.add(database)
            self._mark(connection, database)
        return database

    def drop(self, database: str) -> None:
        """Drop a database that this object made, and end every session on it.

        Raises `Failure` for any other database.
        """
        self._expect_own(database, "dropped")
        with self._administer() as connection:
            if _has_subscriptions(connection, database):
                with self.connect(database) as subscriber:
                    _forget_subscriptions(subscriber)
            _sessions(connection, database, patience=0.05)
            connection.execute(_DROP_SLOTS, (database,))
            if _is_template(connection, database):
                _execute(
                    connection,
                    f"database {database} cannot be dropped",
                    sql.SQL("alter database {} is_template false").format(
                        sql.Identifier(database)
                    ),
                )
            _execute(
                connection,
                f"database {database} cannot be dropped",
                sql.SQL("drop database if exists {} with (force)").format(
                    sql.Identifier(database)
                ),
            )
        self._made.discard(database)

    def rename(self, old: str, new: str) -> None:
        """Rename a database that this object made; sessions on it get a second to end.

        Raises `Failure` for any other database, or when the server refuses.
        """
        self._expect_own(old, "renamed")
        with self._administer() as connection:
            _expect_idle(connection, old, "renamed")
            _execute(
                connection,
                f"database {old} cannot be renamed",
                sql.SQL("alter database {} rename to {}").format(
                    sql.Identifier(old), sql.Identifier(new)
                ),
            )
        self._made.discard(old)
        self._made.add(new)

    def crash(self) -> None:
        """End the server as a power cut would; embedded only, else `Failure`."""
        raise Failure(
            f"a server on {self.on} cannot be crashed",
            hint="Use --on embedded.",
        )

    def start(self) -> None:
        """Start the server again after `crash`; embedded only, else `Failure`."""
        raise Failure(
            f"a server on {self.on} cannot be started again",
            hint="Use --on embedded.",
        )

    @contextmanager
    def alone(self, database: str) -> Iterator[Server]:
        """A copy of the server with only this database, for the length of a block.

        No other that this object made is there to depend on a role. Every session on
        the server ends. Embedded only, else `Failure`.
        """
        raise Failure(
            f"a server on {self.on} cannot be copied",
            hint="Use --on embedded.",
        )
        yield self

    @contextmanager
    def administering(self) -> Iterator[psycopg.Connection]:
        """A connection to the database from which others are made, to look after what
        belongs to the server."""
        with self._administer() as connection:
            yield connection

    def made(self) -> frozenset[str]:
        """The names of the databases that this object made and that are there."""
        return frozenset(self._made)

    def close(self) -> None:
        """End our own session on the server, if there is one."""
        if self._administrator is not None:
            self._administrator.close()
            self._administrator = None

    @contextmanager
    def _administer(self) -> Iterator[psycopg.Connection]:
        """The session in which databases come and go, for one thread at a time.

        It is kept: a new one each time would cost as much as what it is for. Raises
        `Unreachable`.
        """
        with self._administered:
            if self._administrator is None or not _obeys(self._administrator):
                self.close()
                self._administrator = self._administrating()
            yield self._administrator

    def _administrating(self) -> psycopg.Connection:
        try:
            connection = self.connect(self._maintenance, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise Unreachable(
                f"the throwaway server on {self.on} does not answer", detail=str(error)
            ) from error
        connection.execute(_OWN_SETTINGS)
        return connection

    def _mark(self, connection: psycopg.Connection, database: str) -> None:
        """Write on a new database whose it is, where the server outlives the run."""

    def _learn_version(self, connection: psycopg.Connection) -> None:
        refuse_old(connection)
        self.version_num = connection.info.server_version
        self.version = (connection.info.parameter_status("server_version") or "").split(
            maxsplit=1
        )[0]

    def _expect_own(self, database: str, verb: str) -> None:
        if database not in self._made:
            raise Failure(
                f"database {database} was not made by this run and is not {verb}"
            )


def _obeys(connection: psycopg.Connection) -> bool:
    """Whether the session is still there, and not in the middle of anything."""
    try:
        connection.execute("select")
    except psycopg.OperationalError:
        return False
    return True


def _execute(
    connection: psycopg.Connection, complaint: str, statement: sql.Composed
) -> None:
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        raise Failure(complaint, detail=str(error)) from error


def _has_subscriptions(connection: psycopg.Connection, database: str) -> bool:
    """Whether a subscription keeps the database from being dropped."""
    query = (
        "select from pg_subscription where subdbid ="
        " (select oid from pg_database where datname = %s)"
    )
    return connection.execute(query, (database,)).rowcount > 0


def _is_template(connection: psycopg.Connection, database: str) -> bool:
    """Whether what ran on it has made it one, which keeps it from being dropped."""
    query = "select from pg_database where datname = %s and datistemplate"
    return connection.execute(query, (database,)).rowcount > 0


def _forget_subscriptions(subscriber: psycopg.Connection) -> None:
    """Drop a database's subscriptions; a slot that one has elsewhere is left alone."""
    names = subscriber.execute(
        "select subname from pg_subscription where subdbid ="
        " (select oid from pg_database where datname = current_database())"
    )
    for (name,) in names.fetchall():
        for step in ("alter {} disable", "alter {} set (slot_name = none)", "drop {}"):
            words = sql.SQL(step.replace("{}", "subscription {}"))
            subscriber.execute(words.format(sql.Identifier(name)))


def _expect_idle(connection: psycopg.Connection, database: str, verb: str) -> None:
    if sessions := _sessions(connection, database, patience=BUSY_WAIT):
        raise Failure(
            f"database {database} is in use and cannot be {verb}",
            detail=f"{sessions} session{'s' * (sessions > 1)} on it did not end.",
        )


def _sessions(connection: psycopg.Connection, database: str, patience: float) -> int:
    """How many sessions are on `database`: none as soon as there is none.

    The server itself waits for sessions that are just closing, but looks only ten
    times a second (CountOtherDBBackends), which is felt when databases come and go.
    """
    deadline = time.monotonic() + patience
    query = "select from pg_stat_activity where datname = %s"
    while sessions := connection.execute(query, (database,)).rowcount:
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    return sessions


def _url(settings: Mapping[str, str]) -> str:
    """The URL of libpq's `settings`; a socket or several hosts go into its query."""
    rest = dict(settings)
    database = quote(rest.pop("dbname"), safe="")
    login = quote(rest.pop("user"), safe="")
    if "password" in rest:
        login += ":" + quote(rest.pop("password"), safe="")
    address = ""
    if not set("/,") & set(rest["host"]):
        address = f"{_bracketed(rest.pop('host'))}:{rest.pop('port')}"
    query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    return f"postgresql://{login}@{address}/{database}{query}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
