"""5,000 managed numbers, with 5 % of every fault that an installation can have."""

from __future__ import annotations

from tests.installation import Installation, close_legacy, token_of

FAULTS = 250
"""5 % of 5,000 numbers."""

#: What is done to each part of the numbers, a part being FAULTS of them.
PLANT = {
    "tampered": "update twilio_subaccounts as s set twilio_auth_token_encrypted ="
    " left(s.twilio_auth_token_encrypted, 60)"
    " || translate(right(s.twilio_auth_token_encrypted, -60),"
    " '0123456789abcdef', '123456789abcdef0')",
    "not sealed": "update twilio_subaccounts as s"
    " set twilio_auth_token_encrypted = 'plain 5ec2e7 ' || s.id",
    "suspended": "update twilio_subaccounts as s"
    " set status = 'suspended', suspended_at = now()",
    "closed": "update twilio_subaccounts as s set status = 'closed', closed_at = now()",
    "missing": "delete from twilio_subaccounts as s",
}


def plant(installation: Installation) -> None:
    """5,000 numbers of as many organizations, and 5 % of each fault among them.

    What the constraints of today refuse, an installation may have from before them.
    """
    owner = installation.owner
    owner.execute("set session_replication_role = replica")
    owner.execute(
        "alter table managed_phone_numbers drop constraint phone_number_is_e164;"
        "alter table twilio_subaccounts drop constraint sealed_in_a_known_form;"
        "truncate managed_phone_numbers, twilio_subaccounts"
    )
    owner.execute(
        "insert into organizations (id, name) select md5('fault ' || n)::uuid, 'Org'"
        " from generate_series(1, 5000) as n"
    )
    subaccounts = installation.rows(
        "select n, md5('fault subaccount ' || n)::uuid, md5('fault ' || n)::uuid"
        " from generate_series(1, 5000) as n"
    )
    with owner.cursor().copy(
        "copy twilio_subaccounts (id, org_id, twilio_account_sid, friendly_name,"
        " twilio_auth_token_encrypted) from stdin"
    ) as copy:
        for n, subaccount, organization in subaccounts:
            wrong = FAULTS * 5 < n <= FAULTS * 6
            key = {"key": "0f" * 32} if wrong else {}
            sealed = close_legacy(token_of(subaccount), **key)
            account = f"AC{subaccount.hex}"
            copy.write_row((subaccount, organization, account, "Org", sealed))
    owner.execute(
        "insert into managed_phone_numbers (id, org_id, subaccount_id, phone_number,"
        " twilio_phone_sid, status, voice_enabled, created_at)"
        " select md5('fault number ' || n)::uuid, md5('fault ' || n)::uuid,"
        " md5('fault subaccount ' || n)::uuid,"
        " case when n > 250 * 6 and n <= 250 * 7 then '0' || n"
        " else '+1415' || 5550000 + n end, 'PN' || md5('fault ' || n),"
        " case when n > 250 * 7 and n <= 250 * 8 then 'released' else 'active' end,"
        " n % 3 > 0, timestamptz '2026-01-01' + n * interval '1 minute'"
        " from generate_series(1, 5000) as n"
    )
    for part, change in enumerate(PLANT.values()):
        joined = "using" if change.startswith("delete") else "from"
        owner.execute(
            f"{change} {joined} generate_series(1, 5000) as n"
            f" where s.id = md5('fault subaccount ' || n)::uuid"
            f" and n > {part * FAULTS} and n <= {(part + 1) * FAULTS}".encode()
        )
    owner.execute(
        "insert into org_credentials (id, org_id, provider, encrypted_config,"
        " is_managed, phone_number) select md5('migrated ' || n)::uuid,"
        " md5('fault ' || n)::uuid, 'twilio', left(md5('iv ' || n), 24) || ':'"
        " || md5('tag ' || n) || ':', true, '+1415' || 5550000 + n"
        " from generate_series(250 * 8 + 1, 250 * 9) as n"
    )
    owner.execute("set session_replication_role = origin; analyze")
