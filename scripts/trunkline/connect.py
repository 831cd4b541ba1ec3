"""How the engine connects, and what each of its sessions has set.

A password is taken from the URL, `PGPASSWORD` or a password file by libpq, and never
reaches a message: errors name the `label`, which has none.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trunkline.errors import Unreachable, UsageError

if TYPE_CHECKING:
    import psycopg

APPLICATION_NAME = "trunkline"


@dataclass(frozen=True)
class Target:
    """A database to work on: libpq's keywords, and a label without the password."""

    keywords: dict[str, Any] = field(repr=False)
    label: str


def target(url: str) -> Target:
    """Read a URL (`postgresql://…`, also yoyo's `postgresql+psycopg://`) or a conninfo.

    yoyo's `?schema=NAME` becomes the search path. Raises UsageError when libpq cannot
    read it.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    schema = None
    try:
        if "://" in plain:
            plain, schema = _without_schema(plain)
        keywords = dict(conninfo_to_dict(plain))
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

    def said(keyword: str, variable: str) -> str:
        return str(keywords.get(keyword) or os.environ.get(variable) or "")

    user, host = said("user", "PGUSER"), said("host", "PGHOST") or "local socket"
    port, name = said("port", "PGPORT"), said("dbname", "PGDATABASE")
    label = f"{user}@{host}" if user else host
    label += f":{port}" if port else ""
    label += f"/{name}" if name else ""
    return Target(keywords, label)


def connect(
    target: Target, *, lock_timeout: float | None = None, read_only: bool = False
) -> psycopg.Connection:
    """A connection in autocommit mode, with the session's settings made.

    `lock_timeout` is in seconds. Raises Unreachable.
    """
    import psycopg

    keywords: dict[str, Any] = {
        "application_name": APPLICATION_NAME,
        "connect_timeout": 10,
    }
    keywords |= {k: v for k, v in target.keywords.items() if v is not None}
    try:
        connection = psycopg.connect(
            **keywords, autocommit=True, prepare_threshold=None
        )
        settle(connection, lock_timeout=lock_timeout, read_only=read_only)
    except psycopg.OperationalError as error:
        raise Unreachable(
            f"cannot connect to {target.label}",
            detail=_reason(error, target),
            hint="Check the server, the name and the password "
            "(PGPASSWORD or a password file).",
        ) from None
    return connection


def settle(
    connection: psycopg.Connection,
    *,
    lock_timeout: float | None = None,
    read_only: bool = False,
) -> None:
    """Give a session the settings that all of the engine's sessions have.

    `client_connection_check_interval`: the query of a client that was killed ends too.
    The time-outs of the role or the database, meant for the application, are put off.
    """
    settings = {
        "client_connection_check_interval": "1s",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "lock_timeout": "0" if lock_timeout is None else f"{lock_timeout * 1000:.0f}ms",
        "default_transaction_read_only": "on" if read_only else "off",
        "client_encoding": "UTF8",
    }
    pairs = ", ".join("(%s::text, %s::text)" for _ in settings)
    values = [word for pair in settings.items() for word in pair]
    connection.execute(
        "select set_config(name, value, false)"
        f" from (values {pairs}) as setting (name, value)",
        values,
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
