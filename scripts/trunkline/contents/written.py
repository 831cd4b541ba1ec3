"""What has been written to, by locks that are held or by the server's counters."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import Connection

Versions = Mapping[int, int | None]
"""A hash of what changes with a relation's rows or columns, by OID; None: nothing
tells."""


def touched(connection: Connection, first: str) -> frozenset[int]:
    """The OIDs of all relations to which the transaction at hand can have written,
    asked in one message behind `first`.

    Who writes to a table has it locked until the end of the transaction (the manual,
    "Table-Level Locks"); a lock that went with a savepoint went with what was written,
    and that of a sequence stays (src/backend/commands/sequence.c). Triggers that wait
    for the commit are fired now: they may write as well.
    """
    cursor = connection.execute(
        f"{first} set constraints all immediate;"
        " select array(select relation::int8 from pg_catalog.pg_locks"
        " where pid = pg_backend_pid() and granted and locktype = 'relation'"
        " and mode not in ('AccessShareLock', 'RowShareLock'))".encode()
    )
    while cursor.nextset():
        pass
    [(oids,)] = cursor.fetchall()
    return frozenset(oids)


def versions(connection: Connection) -> Versions:
    """The versions of all relations as they are now."""
    rows = connection.execute(
        "select c.oid, case when c.relkind <> 'S'"
        " and current_setting('track_counts')::boolean then hash_array_extended("
        "array[c.xmin::text, c.relfilenode::text,"
        " pg_stat_get_tuples_inserted(c.oid)::text,"
        " pg_stat_get_tuples_updated(c.oid)::text,"
        " pg_stat_get_tuples_deleted(c.oid)::text] || array("
        "select a.xmin::text from pg_catalog.pg_attribute as a"
        " where a.attrelid = c.oid order by a.attnum), 0) end"
        " from pg_catalog.pg_class as c"
        " where c.oid >= 16384 and c.relkind in ('r', 'm', 'S')"
    ).fetchall()
    return dict(rows)


def touched_since(before: Versions, connection: Connection) -> frozenset[int]:
    """The OIDs of all relations to which somebody can have written since then.

    Who has written must have had the server's counters updated.
    """
    now = versions(connection)
    return frozenset(
        oid
        for oid in before.keys() | now.keys()
        if before.get(oid) is None or before[oid] != now.get(oid)
    )
