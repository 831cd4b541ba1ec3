"""How the engine connects, and what each of its sessions has set.

A password is taken from the URL, `PGPASSWORD` or a password file by libpq, and never
reaches a message: errors name the `label`, which has none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from trunkline.errors import Failure, LockNotObtained, Unreachable, UsageError
from trunkline.events import ignore

if TYPE_CHECKING:
    import psycopg

    from trunkline.watch import Watch, Watched

APPLICATION_NAME = "trunkline"
OLDEST = 150000
#: How long one that only reads waits for who has a table to himself, in seconds.
PATIENCE = 5.0
#: How libpq says that it does not know what an option says.
_MISWRITTEN = re.compile(r"\binvalid (\S+ value|port number)\b")

#: The name of a setting in libpq's `options`.
_OPTION = re.compile(r"(?:^|\s)(?:-c\s*|--)(\w+)=")


@dataclass(frozen=True)
class Target:
    """A database to work on: libpq's keywords, and a label without the password."""

    keywords: dict[str, Any] = field(repr=False)
    label: str


def target(url: str) -> Target:
    """Read a URL (`postgresql://…`, also yoyo's `postgresql+psycopg://`) or a conninfo.

    yoyo's `?schema=NAME` becomes the search path. What libpq's environment variables
    say is taken in here, once, so that nothing depends on them later. Raises UsageError
    when libpq cannot read it, or would read a part of the password as something else.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    schema = None
    try:
        if "://" in plain:
            _refuse_bare_at_sign(plain)
            plain, schema = _without_schema(plain)
        keywords = {**_said_by_environment(), **conninfo_to_dict(plain)}
    except (psycopg.ProgrammingError, ValueError) as error:
        # What libpq quotes may be the password.
        reason = re.sub(r'".*"', '"…"', str(error).strip(), flags=re.DOTALL)
        raise UsageError(
            "the database URL cannot be read",
            detail=reason,
            hint="Write postgresql://user@host:port/database.",
        ) from None
    if schema is not None:
        options = f"{keywords.get('options') or ''} -c search_path={schema}"
        keywords["options"] = options.strip()
    return of_keywords(keywords)


def of_keywords(keywords: dict[str, Any]) -> Target:
    """The target of libpq's keywords (host, port, user, password, dbname, …)."""
    said = {name: str(value) for name, value in keywords.items() if value is not None}
    user, name = said.get("user"), said.get("dbname")
    label = f"{user}@{_place(said)}" if user else _place(said)
    label += f"/{name}" if name else ""
    return Target(keywords, label)


def _place(said: Mapping[str, str]) -> str:
    """The host and its port, or each of several with its own."""
    hosts = said.get("host") or said.get("hostaddr")
    if not hosts and "service" in said:  # where that leads, only libpq knows
        return f"service {said['service']}"
    each = [
        f"[{host}]" if ":" in host and host[0] != "/" else host or "local socket"
        for host in (hosts or "").split(",")
    ]
    ports = said.get("port", "").split(",")
    ports = ports * len(each) if len(ports) == 1 else ports
    if len(ports) != len(each):
        return ",".join(each)  # libpq refuses it
    pairs = zip(each, ports, strict=True)
    return ",".join(f"{host}:{port}" if port else host for host, port in pairs)


def variables(keywords: Mapping[str, Any]) -> dict[str, str]:
    """The environment variables with which psql, pg_dump and others find the same.

    libpq's keywords that have no variable are left out.
    """
    import psycopg

    return {
        option.envvar.decode(): str(keywords[option.keyword.decode()])
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar is not None
        and keywords.get(option.keyword.decode()) is not None
    }


def without_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what would lead libpq elsewhere than it is told."""
    import psycopg

    known = {option.envvar for option in psycopg.pq.Conninfo.get_defaults()}
    names = {name.decode() for name in known if name} | {"PGSERVICEFILE"}
    return {name: text for name, text in environment.items() if name not in names}


def connect(
    target: Target, *, lock_timeout: float | None = None, read_only: bool = False
) -> Watched:
    """A connection in autocommit mode, with the session's settings made.

    `lock_timeout` is in seconds. Raises Unreachable, Failure of a server that is too
    old, and UsageError behind a pooler that gives each transaction another session.
    """
    import psycopg

    try:
        connection = _open(target)
        refuse_old(connection)
        version = connection.info.server_version
        text = setting(
            settings(version, lock_timeout=lock_timeout, read_only=read_only)
        )
        if not _settled(connection, text, connection.info.backend_pid):
            _refuse_shared_session(connection, target)
            _refuse_lost_options(connection, target)
            connection.execute(text.encode())
    except psycopg.OperationalError as error:
        reason = _reason(error, target)
        if "unsupported startup parameter" in reason:
            raise UsageError(
                f"{target.label} is a pooler that takes no such option",
                detail=reason,
                hint="Leave options out of the URL and of PGOPTIONS, `?schema=` too; "
                "or connect to the PostgreSQL server directly.",
            ) from None
        if _MISWRITTEN.search(reason):
            raise UsageError(
                "a connection option cannot be read",
                detail=reason,
                hint="It stands in the URL, in a service file, or in a PG… variable.",
            ) from None
        raise Unreachable(
            f"cannot connect to {target.label}",
            detail=reason,
            hint="Check the server, the name and the password "
            "(PGPASSWORD or a password file).",
        ) from None
    except psycopg.ProgrammingError as error:
        if error.sqlstate is not None:
            raise
        raise UsageError(  # psycopg reads some options itself, such as connect_timeout
            "the database URL cannot be read",
            detail=_reason(error, target),
            hint="Write postgresql://user@host:port/database.",
        ) from None
    return connection


@contextmanager
def reading(target: Target) -> Iterator[Watched]:
    """A connection that only reads, for the length of the block.

    Raises the errors of `connect`, Unreachable when the connection is lost, and
    LockNotObtained, naming who was in the way.
    """
    from trunkline.watch import Watch

    with (
        losing(target),
        connect(target, lock_timeout=PATIENCE, read_only=True) as connection,
    ):
        # Of a pooler's sessions it takes no more than `connect` has just had.
        another = partial(_open, target)
        watch = Watch(connection, _process(connection), None, another, ignore)
        with (
            closing(watch),
            _naming(watch, target),
            watch.attempt(inf, pulse=PATIENCE / 5),
        ):
            yield connection


@contextmanager
def writing(target: Target, *, lock_timeout: float | None = None) -> Iterator[Watched]:
    """A connection that is to write, for the length of the block.

    Raises the errors of `connect`, and UsageError where nothing can be written, or
    nothing shall be.
    """
    with connect(target, lock_timeout=lock_timeout) as connection:
        refuse_read_only(connection, target)
        yield connection


@contextmanager
def losing(target: Target) -> Iterator[None]:
    """Tell what any query can meet as what it is.

    Raises Unreachable, LockNotObtained, and Failure where it was cancelled.
    """
    import psycopg

    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise LockNotObtained(
            f"a lock was not obtained on {target.label}",
            detail=f"The server said: {error.diag.message_primary}.",
            hint="See who holds one in pg_locks (mode AccessExclusiveLock most often); "
            "then run again.",
        ) from None
    except psycopg.errors.QueryCanceled as error:
        raise Failure(
            f"cancelled on {target.label}",
            detail=f"The server said: {error.diag.message_primary}.",
            hint="Run it again.",
        ) from None
    except psycopg.Error as error:
        # Without a code it is libpq's own; 08 and 57P are of connections and servers.
        if error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P")):
            raise
        raise Unreachable(
            f"the connection to {target.label} was lost",
            # libpq's own text would have a piece of the query behind it.
            detail=error.diag.message_primary or _reason(error, target),
            hint="See `trunkline status` when the server is there again.",
        ) from None


@contextmanager
def _naming(watch: Watch, target: Target) -> Iterator[None]:
    """Tell a lock that was not obtained with who was in the way."""
    from psycopg import errors

    try:
        yield
    except (
        errors.LockNotAvailable,
        errors.DeadlockDetected,
        errors.QueryCanceled,
    ) as error:
        if isinstance(error, errors.QueryCanceled) and not watch.gave_up:
            raise
        raise LockNotObtained(
            f"a lock was not obtained on {target.label}",
            detail=watch.told(error.diag.message_primary or "nothing"),
            hint="End what is in the way, or wait for it; then run again.",
        ) from None


def settings(
    version: int,
    *,
    lock_timeout: float | None = None,
    read_only: bool = False,
    idle_in_transaction: float = 0,
) -> dict[str, str]:
    """The settings that all of our sessions have, by name, on a server of `version`.

    `client_connection_check_interval` and the keepalives: the query of a client that
    was killed, or whose machine was, ends too. The time-outs of the role or the
    database, meant for the application, are put off. No query and no index is worked at
    by several processes: the other cores are the application's. A file is read as the
    parser reads it that has split it: a backslash is none but itself. Both times are in
    seconds.
    """
    newer = {"transaction_timeout": "0"} if version >= 170000 else {}
    return {
        "client_connection_check_interval": "1s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "4",
        "statement_timeout": "0",
        **newer,
        "idle_session_timeout": "0",
        "idle_in_transaction_session_timeout": f"{idle_in_transaction * 1000:.0f}ms",
        "lock_timeout": "0" if lock_timeout is None else f"{lock_timeout * 1000:.0f}ms",
        "default_transaction_read_only": "on" if read_only else "off",
        "max_parallel_workers_per_gather": "0",
        "max_parallel_maintenance_workers": "0",
        "client_encoding": "UTF8",
        "standard_conforming_strings": "on",
    }


def setting(values: Mapping[str, str]) -> str:
    """The one statement that makes all these settings, for the rest of a session."""
    pairs = ", ".join(f"('{name}', '{value}')" for name, value in values.items())
    return (
        "select set_config(name, value, false)"
        f" from (values {pairs}) as setting (name, value)"
    )


def refuse_old(connection: psycopg.Connection) -> None:
    """Raise Failure of a server that is older than those that are supported."""
    if connection.info.server_version < OLDEST:
        version = connection.info.parameter_status("server_version")
        connection.close()
        raise Failure(
            f"PostgreSQL {version} is too old",
            hint="PostgreSQL 15, 16, 17 and 18 are supported.",
        )


def refuse_read_only(connection: psycopg.Connection, target: Target) -> None:
    """Raise UsageError of a standby, and of what is read only by default.

    Our own settings let every session write: what it began with says what is wanted.
    """
    row = connection.execute(
        "select pg_is_in_recovery(), reset_val = 'on' from pg_catalog.pg_settings"
        " where name = 'default_transaction_read_only'"
    ).fetchone()
    assert row is not None
    standby, read_only = row
    if standby:
        raise UsageError(
            f"{target.label} is a standby, on which nothing can be written",
            hint="Connect to its primary.",
        )
    if read_only:
        raise UsageError(
            f"{target.label} is to be read only: default_transaction_read_only is on",
            hint="If it is to be written to, set PGOPTIONS="
            "'-c default_transaction_read_only=off'.",
        )


def _open(target: Target) -> Watched:
    from trunkline.watch import Watched

    keywords: dict[str, Any] = {
        "application_name": APPLICATION_NAME,
        "connect_timeout": 10,
    }
    keywords |= {k: v for k, v in target.keywords.items() if v is not None}
    return Watched.connect(**keywords, autocommit=True, prepare_threshold=None)


def _settled(connection: psycopg.Connection, text: str, pid: int) -> bool:
    """Make the settings, unless another than the process `pid` is asked to.

    A pooler makes up the number that a client is told at the start. What is set behind
    one, in a session that is not ours alone, the application would meet.
    """
    query = f"{text} where pg_backend_pid() = {pid}"
    return connection.execute(query.encode()).rowcount > 0


def _refuse_shared_session(connection: psycopg.Connection, target: Target) -> None:
    """Raise UsageError if the session of `connection` can become another client's."""
    import psycopg

    with _open(target) as second:
        try:
            if _has_its_own_process(connection, second):
                return
        except psycopg.errors.ProtocolViolation as error:
            if "query_wait_timeout" in str(error):
                connection.close()
                raise Unreachable(
                    f"{target.label} is a pooler that has no session left",
                    detail="A run needs three at a time.",
                    hint="Run when fewer are in use, or connect to the PostgreSQL "
                    "server directly.",
                ) from None
            # Else it is PgBouncer's statement mode, which has no transactions at all.
    connection.close()
    raise UsageError(
        f"{target.label} is a pooler that gives each transaction another session",
        detail="Locks, settings and time-outs of a session do not hold behind it.",
        hint="Connect to the PostgreSQL server directly.",
    )


def _refuse_lost_options(connection: psycopg.Connection, target: Target) -> None:
    """Raise UsageError if a pooler has kept the options of a connection to itself.

    Where they give a search path, the ledger would be sought somewhere else.
    """
    asked = _OPTION.findall(str(target.keywords.get("options") or ""))
    rows = connection.execute(
        "select name from pg_catalog.pg_settings where source in ('client', 'session')"
    ).fetchall()
    if lost := sorted({name.lower() for name in asked} - {name for (name,) in rows}):
        connection.close()
        raise UsageError(
            f"{target.label} is a pooler that has not passed on {', '.join(lost)}",
            hint="Leave options out of the URL and of PGOPTIONS, `?schema=` too; or "
            "connect to the PostgreSQL server directly.",
        )


def _has_its_own_process(
    connection: psycopg.Connection, second: psycopg.Connection
) -> bool:
    """Whether both keep the process of the server that they have.

    They do in a pooler's session mode. In its transaction mode the second gets what
    the first has just given back or, where all are used in turn, one after the other.
    """

    first, others = _process(connection), set()
    for _ in range(3):
        with second.transaction():
            others.add(_process(second))
            if _process(connection) != first:
                return False
    return len(others) == 1 and first not in others


def _process(of: psycopg.Connection) -> int:
    """The number of the server's own process, which a pooler does not tell."""
    row = of.execute("select pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def _said_by_environment() -> dict[str, str]:
    """libpq's keywords as its environment variables have them, a service's included.

    The name of the service stays among them: only a connection tells that it is wrong.
    """
    import psycopg

    service = "PGSERVICE" in os.environ
    return {
        option.keyword.decode(): option.val.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.val is not None
        and option.envvar is not None
        and (service or option.envvar.decode() in os.environ)
    }


def _refuse_bare_at_sign(url: str) -> None:
    """Raise UsageError where the host or the database would have an `@` in it.

    libpq takes for the user and the password what comes before the first `@`, or
    nothing if a `/` comes before; an error would then show the rest of the password.
    """
    _, _, rest = url.partition("://")
    before, sign, after = rest.partition("@")
    left = rest if "/" in before else after if sign else ""
    if "@" in left.partition("?")[0]:
        raise UsageError(
            "the database URL cannot be read",
            detail="Its user or password has an `@` or a `/` in it as it is.",
            hint="Write %40 for `@` and %2F for `/`, or leave the password to "
            "PGPASSWORD or a password file.",
        )


def _without_schema(url: str) -> tuple[str, str | None]:
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    schema = next((value for name, value in query if name == "schema"), None)
    if schema is None:
        return url, None
    rest = urlencode([(name, value) for name, value in query if name != "schema"])
    return urlunsplit(parts._replace(query=rest)), schema


def _reason(error: Exception, target: Target) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    password = str(target.keywords.get("password") or "")
    return _redacted(" ".join(lines) or type(error).__name__, password)


def _redacted(text: str, secret: str) -> str:
    return text.replace(secret, "…") if secret else text
