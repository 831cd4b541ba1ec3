"""The data keys of organizations as the database keeps them: read, made, moved on.

All of it in the caller's transaction. What a key is and how it is wrapped, `keyring`
says; which steps a key may take, the database says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from psycopg import Connection
from psycopg.rows import args_row

from telephony.keyring import Keks, KeyRing, KeyRow, new_data_key, wrap

_READ = (
    "select org_id, version, state, wrapped from public.org_data_keys"
    " where org_id = any(%b::uuid[])"
)


def read(connection: Connection, org_ids: Collection[UUID]) -> list[KeyRow]:
    """All data keys of these organizations."""
    with connection.cursor(row_factory=args_row(KeyRow)) as cursor:
        return cursor.execute(_READ, [list(org_ids)]).fetchall()


def insert(connection: Connection, keys: Iterable[tuple[UUID, int]], keks: Keks) -> int:
    """Make active data keys; gives how many of them nobody else had made before."""
    made = [
        (org_id, version, wrap(new_data_key(org_id, version), keks))
        for org_id, version in keys
    ]
    return connection.execute(
        "insert into public.org_data_keys (org_id, version, state, wrapped)"
        " select k.org_id, k.version, 'active', k.wrapped"
        " from unnest(%b::uuid[], %b::int[], %b::text[])"
        " as k (org_id, version, wrapped) on conflict do nothing",
        [list(column) for column in zip(*made, strict=True)] or [[], [], []],
    ).rowcount


def ring(connection: Connection, org_ids: Collection[UUID], keks: Keks) -> KeyRing:
    """The key ring of these organizations; who has no key yet gets the first.

    An organization whose keys are all destroyed gets none: that was meant for ever.
    """
    wanted = set(org_ids)
    rows = read(connection, wanted)
    without = sorted(wanted - {row.org_id for row in rows})
    if without:
        insert(connection, [(org_id, 1) for org_id in without], keks)
        rows += read(connection, without)
    return KeyRing(rows, keks)
