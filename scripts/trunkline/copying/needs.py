"""What a dump needs of the server that it is restored on: roles and extensions.

The names are taken from the statements by PostgreSQL's own parser, so that a text or a
comment that only looks like one is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection, sql

from trunkline.errors import Failure, UsageError
from trunkline.throwaway import Server

#: What newer versions of pg_dump put around a dump; older ones of psql do not know it.
_FENCE = re.compile(rb"\\(un)?restrict\s")
_COPY = re.compile(rb"COPY .* FROM stdin;\s*$")
_FROM = re.compile(rb"-- Dumped from database version (\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Needs:
    """What must be there; `version_num` (170004) is the source's, if it is told."""

    roles: frozenset[str]
    extensions: frozenset[str]
    version_num: int | None


def of_plain(path: Path) -> Needs:
    """What a plain dump needs. Raises UsageError for one that psql alone can read.

    A command of psql in a dump (`\\connect`, of `pg_dump --create`) would lead out of
    the copy.
    """
    import postgast

    text = b"".join(_schema(path))
    try:
        tree = postgast.parse(text.decode())
    except (postgast.PgQueryError, UnicodeDecodeError) as error:
        reason = getattr(error, "message", str(error))
        raise UsageError(f"{path}: the dump cannot be read", detail=reason) from None
    nodes = postgast.pg_query_pb2
    named = postgast.find_nodes(tree, nodes.RoleSpec)
    made = postgast.find_nodes(tree, nodes.CreateExtensionStmt)
    version = _FROM.search(text)
    return Needs(
        roles=frozenset(role.rolename for role in named if role.rolename),
        extensions=frozenset(statement.extname for statement in made),
        version_num=int(version[1]) * 10000 if version else None,
    )


def statements(path: Path) -> Iterator[bytes]:
    """The lines of a plain dump that any psql can read."""
    with path.open("rb") as file:
        for line in file:
            if not _FENCE.match(line):
                yield line


def _schema(path: Path) -> Iterator[bytes]:
    """The lines of a plain dump that are SQL, without the rows."""
    rows = False
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if rows:
                rows = line.rstrip(b"\r\n") != b"\\."
            elif _COPY.match(line):
                rows = True
            elif line.startswith(b"\\") and not _FENCE.match(line):
                word = line.split()[0].decode(errors="replace")
                raise UsageError(
                    f"{path}:{number}: the dump has a command of psql, `{word}`",
                    hint="Make it without --create, of one database.",
                )
            elif not _FENCE.match(line):
                yield line


def expect_extensions(server: Server, database: str, names: Set[str]) -> None:
    """Raise Failure, naming them, when a throwaway lacks some extensions."""
    with server.connect(database) as connection:
        rows = connection.execute("select name from pg_available_extensions")
        lacking = sorted(names - {str(row[0]) for row in rows})
    if not lacking:
        return
    word = "extension" if len(lacking) == 1 else "extensions"
    raise Failure(
        f"the source has {word} that the throwaway lacks: {', '.join(lacking)}",
        hint="Rehearse where they are: --on container --image IMAGE, or --on URL.",
    )


def make_roles(
    server: Server, connection: Connection, names: Iterable[str]
) -> list[str]:
    """Make the roles that a throwaway lacks, none of which can log in; returns them.

    `connection` is to the throwaway. Raises Failure, naming them, on a server that is
    not a throwaway as a whole: a role there would outlive the run.
    """
    there = {str(row[0]) for row in connection.execute("select rolname from pg_roles")}
    lacking = [name for name in sorted(set(names)) if name not in there]
    if lacking and server.on == "url":
        quoted = [sql.Identifier(name).as_string(connection) for name in lacking]
        raise Failure(
            f"the source has roles that the server lacks: {', '.join(lacking)}",
            detail="\n".join(f"create role {name};" for name in quoted),
            hint="Make them there, or rehearse on an embedded server.",
        )
    for name in lacking:
        statement = sql.SQL("create role {} nologin").format(sql.Identifier(name))
        connection.execute(statement)
    return lacking
