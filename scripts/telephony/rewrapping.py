"""The backfill `rewrap-keys`: every data key under the current key-encryption key.

The data keys stay what they are, so no sealed value changes. Afterwards the former
key-encryption key opens nothing in this database any more; what it opens in backups,
it still does.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import Connection

from telephony.errors import SealingError
from telephony.keyring import KeyRow, load_keks, rewrap
from trunkline.backfill import (
    Backfill,
    Failed,
    Migrated,
    Outcome,
    Row,
    Skipped,
    Source,
    Updates,
    Words,
)

_UPDATE = (
    "update public.org_data_keys as k set wrapped = n.wrapped"
    " from unnest(%b::uuid[], %b::int[], %b::text[]) as n (org_id, version, wrapped)"
    " where k.org_id = n.org_id and k.version = n.version"
)


class RewrapKeys(Backfill):
    """Reads the key-encryption keys; raises UsageError."""

    name = "rewrap-keys"
    role = "telephony_backfill"
    words = Words(
        total="Total data keys",
        migrated="Wrapped anew",
        skipped="Skipped (under the current key-encryption key)",
        errors="Errors",
    )
    source = Source(
        key=("k.org_id", "k.version"),
        columns="k.org_id, k.version, k.state, k.wrapped",
        tables="public.org_data_keys as k",
        where="k.state <> 'destroyed'",
        lock="for no key update of k",
    )
    writes = Updates(
        "public.org_data_keys", key=("org_id", "version"), row="k", columns=("wrapped",)
    )

    def __init__(self) -> None:
        self._keks = load_keks()

    def migrate(self, connection: Connection, rows: Sequence[Row]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        written: list[tuple[object, ...]] = []
        for row in rows:
            key = KeyRow(**row)
            try:
                wrapped = rewrap(key, self._keks)
            except SealingError as error:
                outcomes.append(Failed(error.reason, error.message))
                continue
            if wrapped == key.wrapped:
                outcomes.append(Skipped("under the current key-encryption key"))
                continue
            written.append((key.org_id, key.version, wrapped))
            outcomes.append(Migrated((key.org_id, key.version)))
        if written:
            columns = [list(column) for column in zip(*written, strict=True)]
            connection.execute(_UPDATE, columns)
        return outcomes
