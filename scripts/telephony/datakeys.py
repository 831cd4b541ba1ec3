"""The data keys of organizations as the database keeps them: read, made, moved on.

All of it in the caller's transaction. What a key is and how it is wrapped, `keyring`
says; which steps a key may take, the database says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from uuid import UUID

from psycopg import Connection
from psycopg.rows import args_row

from telephony.errors import BadKek, SealingError
from telephony.keyring import (
    Keks,
    KeyRing,
    KeyRow,
    new_data_key,
    unwrap,
    wrap,
    wrapping_kek,
)

_READ = (
    "select org_id, version, state, wrapped from public.org_data_keys"
    " where org_id = any(%b::uuid[])"
)

#: From both ends, since a rewrap goes from one to the other; found by the primary key.
_SAMPLE = " union all ".join(
    "(select org_id, version, state, wrapped from public.org_data_keys"
    f" where wrapped is not null order by org_id {way}, version {way} limit 25)"
    for way in ("asc", "desc")
)


def read(connection: Connection, org_ids: Collection[UUID]) -> list[KeyRow]:
    """All data keys of these organizations."""
    with connection.cursor(row_factory=args_row(KeyRow)) as cursor:
        return cursor.execute(_READ, [list(org_ids)]).fetchall()


def wrong_keks(connection: Connection, keks: Keks) -> set[str]:
    """The ids of key-encryption keys that open none of the keys that they wrap.

    As far as a few of these show it: another key was configured under the same id.
    """
    with connection.cursor(row_factory=args_row(KeyRow)) as cursor:
        rows = cursor.execute(_SAMPLE.encode()).fetchall()
    tried, opening = set(), set()
    for row in rows:
        kek = wrapping_kek(row)
        if kek not in keks.known:
            continue
        tried.add(kek)
        with suppress(SealingError):
            unwrap(row, keks)
            opening.add(kek)
    return tried - opening


def refuse_wrong_keks(connection: Connection, keks: Keks) -> None:
    """Raise BadKek where keys would be made that open with a wrong key only."""
    for kek in sorted(wrong_keks(connection, keks)):
        raise BadKek(
            f"key-encryption key {kek} does not open the data keys that it wraps",
            hint="Another key is configured under this id. Configure the right one.",
        )


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
        refuse_wrong_keks(connection, keks)
        insert(connection, [(org_id, 1) for org_id in without], keks)
        rows += read(connection, without)
    return KeyRing(rows, keks)
