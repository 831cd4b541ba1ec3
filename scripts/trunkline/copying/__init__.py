"""A copy of a real database on a throwaway: all of it, some rows, or none.

The source is only read, in one snapshot, by one role that must see every row. What it
needs of the server (roles, extensions) is made or asked for before anything is copied.
The ledger comes along whole, whatever is sampled. Nothing here knows of rehearsals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
from psycopg import Connection, IsolationLevel

from trunkline.connect import Target, of_keywords, reading
from trunkline.copying import archive, needs, programs, surroundings, survey
from trunkline.copying.origin import Dump, Live, Origin, read
from trunkline.copying.sample import Sampling, shares
from trunkline.copying.survey import Survey
from trunkline.errors import Failure, UsageError
from trunkline.events import CopyBegins, Copying, Emit, ignore
from trunkline.throwaway import Request, Server, beside, places, sweep

__all__ = ["Copied", "Wanted", "copy", "fitted", "read"]

_TIMES = 4
"""A rehearsal has so many databases of the source's size at a time, and its WAL."""


@dataclass(frozen=True)
class Wanted:
    """What is to be copied: at most `rows` rows of each table, all if None.

    The rows of the ledger, of which `migration_table` is yoyo's part, always come.
    """

    origin: Origin
    rows: int | None
    migration_table: str


@dataclass(frozen=True)
class Copied:
    """A copy: of what, which version that was, and what came: bytes by estimate."""

    source: str
    version: str | None
    rows: str
    tables: int
    bytes: int


def fitted(request: Request, wanted: Wanted, emit: Emit) -> Request:
    """A throwaway of the source's size and version; tells what will be copied.

    Raises Unreachable, and Failure where the source cannot be read whole.
    """
    if isinstance(wanted.origin, Dump):
        size = wanted.origin.size
        emit(CopyBegins(wanted.origin.label, told_rows(wanted.rows), None, size))
        return replace(request, room=size * _TIMES)
    with _source(wanted.origin.target) as connection:
        found = survey.take(connection)
    emit(
        CopyBegins(
            wanted.origin.label,
            told_rows(wanted.rows),
            len(found.tables),
            found.bytes,
        )
    )
    room = found.bytes * _TIMES if wanted.rows is None else 0
    return beside(replace(request, room=room), found.version_num // 10000)


def copy(server: Server, wanted: Wanted, emit: Emit) -> tuple[str, Copied]:
    """Make the copy on a throwaway, and return the name of its database.

    Raises UsageError for a source that is newer than the throwaway, Failure where it
    cannot be copied whole.
    """
    try:
        if isinstance(wanted.origin, Live):
            return _of_live(server, wanted, wanted.origin.target, emit)
        return _of_dump(server, wanted, wanted.origin)
    except psycopg.Error as error:
        raise Failure(
            f"{wanted.origin.label} cannot be copied",
            detail=error.diag.message_primary or str(error),
        ) from None


def told_rows(rows: int | None) -> str:
    """Which rows of each table come, in words."""
    if rows is None:
        return "all rows"
    if rows == 0:
        return "no rows"
    return f"{rows} row{'' if rows == 1 else 's'} of each table and what they need"


def _of_dump(server: Server, wanted: Wanted, dump: Dump) -> tuple[str, Copied]:
    with sweep.run_directory(places.for_files(0)) as work:
        packed = archive.Archive(dump, work)
        needed = packed.needs(server)
        if needed.version_num is not None:
            _expect_as_new(server, needed.version_num)
        database = server.create()
        needs.expect_extensions(server, database, needed.extensions)
        with server.connect(database) as connection:
            needs.make_roles(server, connection, needed.roles)
        packed.restore(server, database)
    version = str(needed.version_num // 10000) if needed.version_num else None
    if wanted.rows is not None:
        whole = database
        restored = of_keywords(server.conninfo(whole))
        database, copied = _of_live(server, wanted, restored, ignore)
        server.drop(whole)
        return database, replace(copied, source=dump.label, version=version)
    with server.connect(database) as connection:
        found = survey.take(connection)
    return database, Copied(
        source=dump.label,
        version=version,
        rows=told_rows(None),
        tables=len(found.tables),
        bytes=found.bytes,
    )


def _of_live(
    server: Server, wanted: Wanted, target: Target, emit: Emit
) -> tuple[str, Copied]:
    with _source(target) as source:
        found = survey.take(source)
        _expect_as_new(server, found.version_num)
        survey.refuse_partial(found, _read(found, wanted), source.info.user)
        database = server.create()
        needs.expect_extensions(server, database, found.extensions)
        with server.connect(database) as there:
            names = [role.name for role in found.roles]
            made = needs.make_roles(server, there, names)
            surroundings.empower(there, found.roles, made)
            if not found.has_public:
                there.execute("drop schema public")
        row = source.execute("select pg_export_snapshot()").fetchone()
        assert row is not None
        everything = wanted.rows is None
        disk = found.bytes if everything else 0
        with sweep.run_directory(places.for_files(disk)) as work:
            packed = archive.write(
                server,
                found.version_num,
                programs.towards_source(target),
                work,
                snapshot=str(row[0]),
                rows=everything,
                told=_by_table(found, emit, "reading the source"),
            )
            if everything:
                loading = _by_table(found, emit, "loading the copy")
                packed.restore(server, database, told=loading)
            else:
                packed.restore(server, database, section="pre-data")
                with server.connect(database) as there:
                    _rows(source, there, found, wanted, emit)
                packed.restore(server, database, section="post-data")
                with server.connect(database) as there:
                    surroundings.carry_over(source, there, emit)
        with server.connect(database) as there:
            surroundings.settle(there, found.settings, emit)
    return database, Copied(
        source=target.label,
        version=found.version,
        rows=told_rows(wanted.rows),
        tables=len(found.tables),
        bytes=found.bytes,
    )


@contextmanager
def _source(target: Target) -> Iterator[Connection]:
    """A connection that sees one state of the source, and writes nothing."""
    with reading(target) as connection:
        # Since 17; the snapshot must last as long as the copying does.
        connection.execute(
            "select set_config('transaction_timeout', '0', false)"
            " where current_setting('transaction_timeout', true) is not null"
        )
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            try:
                yield connection
            except psycopg.errors.InsufficientPrivilege as error:
                raise Failure(
                    f"{target.label} cannot be read whole",
                    detail=error.diag.message_primary,
                ) from None


def _read(found: Survey, wanted: Wanted) -> Iterator[survey.Table]:
    """The tables whose rows come."""
    for table in found.tables:
        if wanted.rows != 0 or table.is_ledger(wanted.migration_table):
            yield table


def _expect_as_new(server: Server, version_num: int) -> None:
    theirs, ours = version_num // 10000, server.version_num // 10000
    if theirs > ours:
        raise UsageError(
            f"the source is PostgreSQL {theirs}, and the throwaway is {ours}",
            hint=f"Use --postgres or --image for one of version {theirs}.",
        )


def _rows(
    source: Connection, there: Connection, found: Survey, wanted: Wanted, emit: Emit
) -> None:
    """Copy the sample: the ledger whole, so many rows of each other table, and what
    they refer to."""
    assert wanted.rows is not None
    share = shares(found.tables, wanted.rows)
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        emit(Copying("copying rows", done, 0))

    surroundings.prepare_for_rows(source, there, found.search_path)
    sampling = Sampling(source, there, found.tables, advance)
    for table in found.tables:
        if table.is_ledger(wanted.migration_table):
            sampling.take(table, None)
        elif not table.partitioned and wanted.rows:
            sampling.take(table, share[table.oid])
    sampling.complete()


def _by_table(found: Survey, emit: Emit, what: str) -> Callable[[str], None]:
    """Counts a table as done when its rows begin to come."""
    sizes = {table.named: table.bytes for table in found.tables}
    total, done = sum(sizes.values()), 0

    def told(name: str) -> None:
        nonlocal done
        emit(Copying(what, done, total))
        done += sizes.get(name, 0)

    return told
