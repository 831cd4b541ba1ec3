"""The backfills that seal values anew: every value under one key.

`reseal-credentials` and `reseal-tokens` take each value that is not under its
organization's active data key, those of the form of before too (which need
`ENCRYPTION_KEY`). A credential of before also gets its phone number and account, which
stood inside the sealed value only. `rotate-credentials` and `rotate-tokens` take what
`telephony keys rotate` leaves behind, and nothing else.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from psycopg import Connection

from telephony import datakeys
from telephony.errors import SealingError
from telephony.keyring import KeyRing, load_keks
from telephony.sealing import Place, legacy_key
from telephony.secret import Secret
from telephony.stored import FIELD, TOKEN_FIELD, number_and_account, open_stored
from trunkline.backfill import (
    Backfill,
    Failed,
    Migrated,
    Outcome,
    Row,
    Source,
    Updates,
    Words,
    in_parts,
)

_WORDS = Words(
    total="Total values",
    migrated="Sealed anew",
    skipped="Skipped (sealed already)",
    errors="Errors",
)
_KEY = (
    " left join public.org_data_keys as k on k.org_id = t.org_id and k.state = 'active'"
)
#: Values under a destroyed key are gone for good, and no work is left.
_WHERE = (
    "(t.key_version is null or t.key_version <> k.version) and not exists (select from"
    " public.org_data_keys as d where d.org_id = t.org_id"
    " and d.version = t.key_version and d.state = 'destroyed')"
)


class _Reseal(Backfill):
    """Reads the keys that the environment has; raises UsageError for bad ones."""

    role = "telephony_backfill"
    words = _WORDS
    field: ClassVar[str]
    update: ClassVar[str]

    def __init__(self) -> None:
        # Not needed once nothing of the form of before is left.
        self._legacy = legacy_key() if "ENCRYPTION_KEY" in os.environ else None
        self._keks = load_keks()

    def migrate(self, connection: Connection, rows: Sequence[Row]) -> list[Outcome]:
        ring = datakeys.ring(connection, {row["org_id"] for row in rows}, self._keks)
        return in_parts(connection, rows, partial(self._updated, connection, ring))

    def _updated(
        self, connection: Connection, ring: KeyRing, rows: Sequence[Row]
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        written: list[tuple[Any, ...]] = []
        for row in rows:
            place = Place(row["org_id"], row["id"], row["provider"], self.field)
            try:
                opened = open_stored(row["sealed"], place, ring, self._legacy)
                sealed = ring.seal(opened, place)
            except SealingError as error:
                outcomes.append(Failed(error.reason, error.message))
                continue
            key = (row["org_id"], row["id"])
            written.append((*key, sealed, *self.learnt(row, opened)))
            outcomes.append(Migrated(key))
        if written:
            columns = [list(column) for column in zip(*written, strict=True)]
            connection.execute(self.update.encode(), columns)
        return outcomes

    @abstractmethod
    def learnt(self, row: Row, opened: Secret) -> tuple[Any, ...]:
        """What else is to be set in the row, now that its value is open."""


class ResealCredentials(_Reseal):
    """Sealed values of `org_credentials`, of every provider."""

    name = "reseal-credentials"
    source = Source(
        key=("t.org_id", "t.id"),
        columns="t.org_id, t.id, t.provider, t.encrypted_config as sealed,"
        " t.phone_number, t.account_sid, t.is_managed",
        tables=f"public.org_credentials as t{_KEY}",
        where=_WHERE,
        lock="for no key update of t",
    )
    writes = Updates(
        "public.org_credentials",
        key=("org_id", "id"),
        row="t",
        columns=("encrypted_config", "phone_number", "account_sid"),
    )
    field = FIELD
    update = (
        "update public.org_credentials as t set encrypted_config = n.sealed,"
        " phone_number = n.phone_number, account_sid = n.account_sid"
        " from unnest(%b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::text[])"
        " as n (org_id, id, sealed, phone_number, account_sid)"
        " where t.org_id = n.org_id and t.id = n.id"
    )

    def learnt(self, row: Row, opened: Secret) -> tuple[Any, ...]:
        number, account = row["phone_number"], row["account_sid"]
        if number is None and row["provider"] in ("twilio", "vapi"):
            number, named = number_and_account(opened)
            account = account or (None if row["is_managed"] else named)
        return number, account


class RotateCredentials(ResealCredentials):
    """Of these, those under a key that is to be retired: found by index."""

    name = "rotate-credentials"
    source = replace(
        ResealCredentials.source,
        tables="public.org_data_keys as r join public.org_credentials as t"
        " on t.org_id = r.org_id and t.key_version = r.version",
        where="r.state = 'retiring'",
    )


class ResealTokens(_Reseal):
    """Sealed tokens of `twilio_subaccounts`."""

    name = "reseal-tokens"
    source = Source(
        key=("t.org_id", "t.id"),
        columns="t.org_id, t.id, 'twilio' as provider,"
        " t.twilio_auth_token_encrypted as sealed",
        tables=f"public.twilio_subaccounts as t{_KEY}",
        where=_WHERE,
        lock="for no key update of t",
    )
    writes = Updates(
        "public.twilio_subaccounts",
        key=("org_id", "id"),
        row="t",
        columns=("twilio_auth_token_encrypted",),
    )
    field = TOKEN_FIELD
    update = (
        "update public.twilio_subaccounts as t"
        " set twilio_auth_token_encrypted = n.sealed"
        " from unnest(%b::uuid[], %b::uuid[], %b::text[]) as n (org_id, id, sealed)"
        " where t.org_id = n.org_id and t.id = n.id"
    )

    def learnt(self, row: Row, opened: Secret) -> tuple[Any, ...]:
        return ()


class RotateTokens(ResealTokens):
    """Of these, those under a key that is to be retired: found by index."""

    name = "rotate-tokens"
    source = replace(
        ResealTokens.source,
        tables="public.org_data_keys as r join public.twilio_subaccounts as t"
        " on t.org_id = r.org_id and t.key_version = r.version",
        where="r.state = 'retiring'",
    )


def of_organization(kind: type[Backfill], org_id: UUID) -> type[Backfill]:
    """One of these backfills, for the rows of one organization only."""
    where = f"({kind.source.where}) and t.org_id = '{org_id}'"
    return type(kind.__name__, (kind,), {"source": replace(kind.source, where=where)})
