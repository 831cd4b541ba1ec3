"""The backfill `managed-credentials`: each active managed number gets its credential.

The number's subaccount has the token; with the account, the number and Vapi's ids it is
what the credential holds. Nothing but the credential is written, and the organization's
first data key where it has none. It can run once `20260219_backfill_rights` is applied;
`20260220_pairs` refuses until every active managed number has its credential.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import NAMESPACE_OID, UUID, uuid5

from psycopg import Connection

from telephony import datakeys
from telephony.errors import SealingError
from telephony.keyring import KeyRing, load_keks
from telephony.sealing import Place, legacy_key
from telephony.stored import E164, FIELD, TOKEN_FIELD, managed_config, open_stored
from trunkline.backfill import (
    Backfill,
    Failed,
    Inserts,
    Migrated,
    Outcome,
    Row,
    Skipped,
    Source,
    Words,
    in_parts,
)

PROVIDER = "twilio"

_INSERT = """
insert into public.org_credentials (
    id, org_id, provider, encrypted_config, is_managed, phone_number,
    can_inbound, can_outbound, created_at
)
select
    n.id, n.org_id, 'twilio', n.sealed, true, n.phone_number,
    n.voice, n.voice, n.created_at
from unnest(
    %b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::bool[], %b::timestamptz[]
) as n (id, org_id, sealed, phone_number, voice, created_at)
"""

_INACTIVE = """
select c.id
from unnest(%b::uuid[], %b::uuid[]) as n (org_id, id)
join public.org_credentials as c on c.org_id = n.org_id and c.id = n.id
"""


class ManagedCredentials(Backfill):
    """Reads `ENCRYPTION_KEY` and the key-encryption keys; raises UsageError."""

    name = "managed-credentials"
    role = "telephony_backfill"
    words = Words(
        total="Total numbers",
        migrated="Successfully migrated",
        skipped="Skipped (already migrated)",
        errors="Errors",
    )
    source = Source(
        key=("n.org_id", "n.id"),
        columns="n.org_id, n.id, n.phone_number, n.vapi_phone_id,"
        " n.vapi_credential_id, coalesce(n.voice_enabled, true) as voice,"
        " n.created_at, s.id as subaccount, s.status as subaccount_status,"
        " s.twilio_account_sid, s.twilio_auth_token_encrypted,"
        " c.id as credential, c.phone_number as credential_number",
        tables="public.managed_phone_numbers as n"
        " left join public.twilio_subaccounts as s"
        " on s.org_id = n.org_id and s.id = n.subaccount_id"
        " left join lateral (select m.id, m.phone_number"
        " from public.org_credentials as m"
        " where m.org_id = n.org_id and m.provider = 'twilio'"
        # Of one at most. Joined as a table, all that is written is read for each batch.
        " and m.is_managed and m.is_active limit 1) as c on true",
        where="n.status = 'active'",
    )
    writes = Inserts("public.org_credentials", key=("org_id", "id"))

    def __init__(self) -> None:
        self._legacy = legacy_key()
        self._keks = load_keks()

    def migrate(self, connection: Connection, rows: Sequence[Row]) -> list[Outcome]:
        judged = [(row, refusal(row)) for row in rows]
        off = inactive(connection, [row for row, why in judged if why is None])
        judged = [(row, why or off.get(credential_of(row))) for row, why in judged]
        org_ids = {row["org_id"] for row, refused in judged if refused is None}
        ring = datakeys.ring(connection, org_ids, self._keks)
        return in_parts(connection, judged, partial(self._inserted, connection, ring))

    def _inserted(
        self,
        connection: Connection,
        ring: KeyRing,
        judged: Sequence[tuple[Row, Outcome | None]],
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        written: list[tuple[object, ...]] = []
        for row, refused in judged:
            if refused is not None:
                outcomes.append(refused)
                continue
            try:
                written.append(self.written(row, ring))
            except SealingError as error:
                outcomes.append(Failed(error.reason, error.message))
                continue
            outcomes.append(Migrated((row["org_id"], written[-1][0])))
        if written:
            columns = [list(column) for column in zip(*written, strict=True)]
            connection.execute(_INSERT, columns)
        return outcomes

    def written(self, row: Row, ring: KeyRing) -> tuple[object, ...]:
        """The credential of a number, as `_INSERT` takes it. Raises SealingError."""
        org_id = row["org_id"]
        credential = credential_of(row)
        token = open_stored(
            row["twilio_auth_token_encrypted"],
            Place(org_id, row["subaccount"], PROVIDER, TOKEN_FIELD),
            ring,
            self._legacy,
        )
        config = managed_config(
            token,
            account_sid=row["twilio_account_sid"],
            phone_number=row["phone_number"],
            vapi_phone_id=row["vapi_phone_id"],
            vapi_credential_id=row["vapi_credential_id"],
        )
        return (
            credential,
            org_id,
            ring.seal(config, Place(org_id, credential, PROVIDER, FIELD)),
            row["phone_number"],
            row["voice"],
            row["created_at"],
        )


def credential_of(row: Row) -> UUID:
    """The id of a number's credential: a second run finds the one of the first."""
    return uuid5(NAMESPACE_OID, f"managed credential of {row['id']}")


def inactive(connection: Connection, rows: Sequence[Row]) -> dict[UUID, Outcome]:
    """Those credentials of these numbers that have been switched off, by their ids."""
    keys = [[row["org_id"] for row in rows], [credential_of(row) for row in rows]]
    return {
        id: Failed("credential_inactive", f"its credential {id} is not active")
        for (id,) in connection.execute(_INACTIVE, keys).fetchall()
    }


def refusal(row: Row) -> Outcome | None:
    """Why a number gets no credential, where that can be seen without a key."""
    if row["credential"] is not None:
        if row["credential_number"] == row["phone_number"]:
            return Skipped("already migrated")
        return Failed(
            "another_credential",
            f"credential {row['credential']} is the managed one of the organization, "
            + (
                f"for {row['credential_number']}"
                if row["credential_number"]
                else "and says no number: run the backfill reseal-credentials first"
            ),
        )
    if not E164.fullmatch(row["phone_number"]):
        return Failed("not_e164", "the number is not of the form +14155550123")
    if row["subaccount"] is None:
        return Failed("subaccount_missing", "the organization has no such subaccount")
    if row["subaccount_status"] != "active":
        return Failed(
            f"subaccount_{row['subaccount_status']}",
            f"subaccount {row['subaccount']} is {row['subaccount_status']}",
        )
    return None
