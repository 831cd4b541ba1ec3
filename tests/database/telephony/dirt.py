"""Rows as they should not be: what plants them, what names them, and what mends them.

`DIRTY` plants, in the state just before a change, rows that break what it will demand.
A change that demands something and is not in it has its reason in `CLEAN`. `NEW_SHAPE`
plants, after a change, rows that its rollback has no place for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000001"
NUMBER = "+16505550100"
OTHER = "+16505550101"

_ids = count(1)


def new_id() -> str:
    return f"cccccccc-0000-4000-8000-{next(_ids):012}"


def legacy() -> str:
    return f"{next(_ids):024}:{0:032}:00"


def v2(version: int = 1) -> str:
    return f"v2:{version}:{next(_ids):016}:AAAA"


def row(table: str, **columns: object) -> str:
    """An insert of one row; None is null."""
    values = ["null" if v is None else f"'{v}'" for v in columns.values()]
    return f"insert into {table} ({', '.join(columns)}) values ({', '.join(values)});"


def subaccount(organization: str, **columns: object) -> str:
    return row(
        "twilio_subaccounts",
        **{
            "id": organization,
            "org_id": organization,
            "twilio_account_sid": f"AC{organization}",
            "twilio_auth_token_encrypted": legacy(),
            "friendly_name": "Old",
            **columns,
        },
    )


def credential(organization: str, **columns: object) -> str:
    return row(
        "org_credentials",
        **{
            "id": new_id(),
            "org_id": organization,
            "provider": "twilio",
            "encrypted_config": legacy(),
            **columns,
        },
    )


def number(organization: str, digits: str = NUMBER, **columns: object) -> str:
    return row(
        "managed_phone_numbers",
        **{
            "id": new_id(),
            "org_id": organization,
            "subaccount_id": organization,
            "phone_number": digits,
            "twilio_phone_sid": f"PN{next(_ids)}",
            "status": "active",
            **columns,
        },
    )


ORGANIZATIONS = (
    row("organizations", id=A, name="A")
    + row("organizations", id=B, name="B")
    + subaccount(A)
    + subaccount(B)
)


@dataclass(frozen=True)
class Dirt:
    """Rows that a change refuses; what its detail says of them; how they are mended."""

    sqlstate: str
    plant: str
    offenders: tuple[str, ...]
    repair: str


DELETE = f"delete from org_credentials where org_id in ('{A}', '{B}')"
OFF = "update org_credentials set is_active = false where org_id in"
SOON = f"{ORGANIZATIONS}delete from twilio_subaccounts where id in ('{A}', '{B}');"

#: Change → kinds of dirt, each by what is wrong.
DIRTY: dict[str, dict[str, Dirt]] = {
    "20260210_managed_credentials_expand": {
        "two active numbers": Dirt(
            "23505",
            "drop index idx_one_active_managed_per_org;"
            + ORGANIZATIONS
            + "".join(number(o, n) for o in (A, B) for n in (NUMBER, OTHER)),
            tuple(f"{o} has 2: {NUMBER}, {OTHER}" for o in (A, B)),
            f"update managed_phone_numbers set status = 'released'"
            f" where phone_number = '{OTHER}'",
        )
    },
    "20260210_managed_credentials_one_telephony_per_org": {
        "managed by two providers": Dirt(
            "23505",
            ORGANIZATIONS
            + "".join(
                credential(o, provider=p, is_managed=True)
                for o in (A, B)
                for p in ("twilio", "vapi")
            ),
            tuple(f"{o} has twilio, vapi" for o in (A, B)),
            f"{OFF} ('{A}', '{B}') and provider = 'vapi'",
        )
    },
    "20260211_managed_only_for_telephony": {
        "a managed mailbox": Dirt(
            "23514",
            ORGANIZATIONS
            + "".join(
                credential(o, provider="resend", is_managed=True) for o in (A, B)
            ),
            tuple(f"of {o}, resend" for o in (A, B)),
            "update org_credentials set is_managed = false where provider = 'resend'",
        )
    },
    "20260212_agents_belong_to_an_org": {
        "homeless agents": Dirt(
            "23502",
            row("agents", id=A, name="One") + row("agents", id=B, name="Two"),
            (f"agent {A} (One)", f"agent {B} (Two)"),
            f"delete from agents where id in ('{A}', '{B}')",
        )
    },
    "20260212_twilio_subaccounts_key": {
        "somebody else's account": Dirt(
            "23503",
            ORGANIZATIONS
            + number(A, subaccount_id=B)
            + number(B, OTHER, subaccount_id=A),
            (f"of {A}, subaccount of {B}", f"of {B}, subaccount of {A}"),
            "update managed_phone_numbers set subaccount_id = org_id"
            f" where org_id in ('{A}', '{B}')",
        )
    },
    "20260214_credential_number_form": {
        "number, account or provider": Dirt(
            "23514",
            ORGANIZATIONS
            + credential(A, phone_number="16505550100")
            + credential(B, account_sid="PN" + "0" * 32)
            + credential(B, provider="resend", phone_number=NUMBER),
            (
                f"of {A}, twilio: number '16505550100', account NULL",
                f"of {B}, twilio: number NULL, account 'PN00000000'",
                f"of {B}, resend: number '{NUMBER}', account NULL",
            ),
            "update org_credentials set phone_number = null, account_sid = null"
            f" where org_id in ('{A}', '{B}')",
        )
    },
    "20260214_one_credential_per_number": {
        "two accounts for a number": Dirt(
            "23505",
            ORGANIZATIONS
            + "".join(credential(o, phone_number=NUMBER) for o in (A, A, B, B)),
            tuple(f"{NUMBER} of {o} has " for o in (A, B)),
            f"{OFF} ('{A}', '{B}') and id not in"
            " (select distinct on (org_id) id from org_credentials"
            " order by org_id, id)",
        )
    },
    "20260216_credentials_sealed_form": {
        "not sealed": Dirt(
            "23514",
            ORGANIZATIONS
            + "".join(credential(o, encrypted_config="{}") for o in (A, B)),
            (f"of {A}", f"of {B}"),
            DELETE,
        ),
        "another version": Dirt(
            "23514",
            ORGANIZATIONS
            + credential(A, encrypted_config=v2(), key_version=7)
            + credential(B, encrypted_config=legacy(), key_version=1),
            (f"of {A}, version 7", f"of {B}, version 1"),
            DELETE,
        ),
        "no such key": Dirt(
            "23503",
            ORGANIZATIONS
            + "".join(
                credential(o, encrypted_config=v2(9), key_version=9) for o in (A, B)
            ),
            (f"of {A}, key 9", f"of {B}, key 9"),
            DELETE,
        ),
    },
    "20260216_credentials_nonce": {
        "copies": Dirt(
            "23505",
            ORGANIZATIONS
            + "".join(
                credential(o, encrypted_config=f"{'ab' * 12}:{0:032}:00")
                for o in (A, B)
            ),
            (f"of {A}", f"of {B}"),
            DELETE,
        )
    },
    "20260216_subaccounts_sealed_form": {
        "not sealed": Dirt(
            "23514",
            SOON
            + subaccount(A, twilio_auth_token_encrypted="plain")
            + subaccount(B, twilio_auth_token_encrypted=""),
            (f"subaccount {A} of {A}", f"subaccount {B} of {B}"),
            f"delete from twilio_subaccounts where id in ('{A}', '{B}')",
        ),
        "another version": Dirt(
            "23514",
            SOON
            + subaccount(A, twilio_auth_token_encrypted=v2())
            + subaccount(B, key_version=1),
            (f"of {A}, version ", f"of {B}, version 1"),
            f"delete from twilio_subaccounts where id in ('{A}', '{B}')",
        ),
        "no such key": Dirt(
            "23503",
            SOON
            + "".join(
                subaccount(o, twilio_auth_token_encrypted=v2(9), key_version=9)
                for o in (A, B)
            ),
            (f"of {A}, key 9", f"of {B}, key 9"),
            f"delete from twilio_subaccounts where id in ('{A}', '{B}')",
        ),
    },
    "20260216_subaccounts_nonce": {
        "copies": Dirt(
            "23505",
            SOON
            + subaccount(A, twilio_auth_token_encrypted=f"{'ab' * 12}:{0:032}:00")
            + subaccount(B, twilio_auth_token_encrypted=f"{'AB' * 12}:{0:032}:00"),
            (f"subaccount {A} of {A}", f"subaccount {B} of {B}"),
            f"delete from twilio_subaccounts where id in ('{A}', '{B}')",
        )
    },
    "20260217_managed_numbers_e164": {
        "as people write it": Dirt(
            "23514",
            ORGANIZATIONS
            + number(A, "(650) 555-0100", status="released")
            + number(B, "+1٦505550100", status="provisioning"),
            (f"(650) 555-0100 of {A}, released", f"+1٦505550100 of {B}, provisioning"),
            f"delete from managed_phone_numbers where org_id in ('{A}', '{B}')",
        )
    },
    "20260219_numbers_held_filled": {
        "live in two organizations": Dirt(
            "23505",
            ORGANIZATIONS
            + number(A)
            + credential(B, phone_number=NUMBER)
            + credential(A, phone_number=OTHER)
            + credential(B, phone_number=OTHER),
            (f"{NUMBER} is live in {A}, {B}", f"{OTHER} is live in {A}, {B}"),
            f"{OFF} ('{B}')",
        )
    },
    "20260220_managed_credentials_have_a_number": {
        "no number": Dirt(
            "23514",
            ORGANIZATIONS
            + credential(A, is_managed=True)
            + credential(B, is_managed=True),
            (f"of {A}", f"of {B}"),
            f"{OFF} ('{A}', '{B}')",
        )
    },
    "20260220_pairs": {
        "halves": Dirt(
            "23503",
            ORGANIZATIONS
            + number(A)
            + credential(B, is_managed=True, phone_number=OTHER),
            (f"{NUMBER} of {A} has no credential", f"{OTHER} of {B} has no number"),
            f"{OFF} ('{B}'); delete from managed_phone_numbers where org_id = '{A}'",
        )
    },
    "20260228_names_have_an_end": {
        "long names": Dirt(
            "23514",
            row("organizations", id=A, name="x" * 201)
            + row("organizations", id=B, name="B")
            + subaccount(A, friendly_name="x" * 201)
            + subaccount(B)
            + row("agents", org_id=B, id=B, name="x" * 201)
            + number(B, id=B, status="released", vapi_phone_id="x" * 201),
            (f"organization {A}", f"agent {B}", f"subaccount {A}", f"number {B}"),
            f"delete from managed_phone_numbers where org_id = '{B}';"
            f"delete from agents where org_id = '{B}';"
            f"delete from twilio_subaccounts where org_id = '{A}';"
            f"update organizations set name = 'A' where id = '{A}'",
        )
    },
}

ID_ALONE = "the id alone was the key so far"
NEW = "the table is new"
#: Change that demands something → why no row can be in its way.
CLEAN = {
    "20260210_managed_credentials_one_per_integration": "unique_org_provider holds",
    "20260210_managed_credentials_one_per_org": "unique_org_provider holds",
    "20260211_active_flag_not_null": "filled before, and kept so by a trigger",
    "20260212_agents_key": ID_ALONE,
    "20260212_managed_phone_numbers_key": ID_ALONE,
    "20260212_org_credentials_key": ID_ALONE,
    "20260212_org_feature_flags_key": ID_ALONE,
    "20260212_user_org_roles_key": ID_ALONE,
    "20260214_assignable_credentials": "begins with the key",
    "20260215_org_data_keys": NEW,
    "20260217_one_live_number": "unique_phone_per_org holds",
    "20260221_agent_phone_assignments": NEW,
    "20260222_provider_operations": NEW,
    "20260222_provisioning_requests": NEW,
}

#: Rollback → rows of the new shape that it has no place for.
NEW_SHAPE: dict[str, dict[str, Dirt]] = {
    "20260210_managed_credentials_expand": {
        "nothing to recreate them from": Dirt(
            "23503",
            ORGANIZATIONS + "".join(credential(o, is_managed=True) for o in (A, B)),
            (f"of {A}", f"of {B}"),
            DELETE,
        )
    },
    "20260210_managed_credentials_unification": {
        "nothing to recreate them from": Dirt(
            "23503",
            ORGANIZATIONS + "".join(credential(o, is_managed=True) for o in (A, B)),
            (f"of {A}", f"of {B}"),
            DELETE,
        ),
        "several of one provider": Dirt(
            "23505",
            ORGANIZATIONS + "".join(credential(o) for o in (A, A, B, B)),
            (f"{A} has 2 of twilio", f"{B} has 2 of twilio"),
            DELETE,
        ),
    },
    "20260217_numbers_can_come_back": {
        "held twice": Dirt(
            "23505",
            ORGANIZATIONS
            + "".join(
                number(o, status=s) for o in (A, B) for s in ("released", "failed")
            ),
            (f"{A} has 2 rows of {NUMBER}", f"{B} has 2 rows of {NUMBER}"),
            "delete from managed_phone_numbers where status = 'failed'"
            f" and phone_number = '{NUMBER}'",
        )
    },
}


def one_id_twice(table: str, plant: str) -> dict[str, Dirt]:
    """Rows of two organizations with one id, in a table whose key it was alone."""
    return {
        "one id in two organizations": Dirt(
            "23505",
            plant,
            (f"{A} is in {A}, {B}",),
            f"delete from {table} where org_id = '{B}' and id = '{A}'",
        )
    }


def twice(make: Callable[..., str], **columns: object) -> str:
    return ORGANIZATIONS + make(A, id=A, **columns) + make(B, id=A, **columns)


NEW_SHAPE |= {
    f"20260212_{table}_key": one_id_twice(table, plant)
    for table, plant in {
        "agents": twice(lambda o, **c: row("agents", org_id=o, **c)),
        "user_org_roles": twice(
            lambda o, **c: row("user_org_roles", org_id=o, user_id=A, role="admin", **c)
        ),
        "org_feature_flags": twice(
            lambda o, **c: row(
                "org_feature_flags",
                org_id=o,
                flag_key="managed_telephony",
                enabled=True,
                **c,
            )
        ),
        "org_credentials": twice(credential),
        "managed_phone_numbers": ORGANIZATIONS
        + number(A, id=A)
        + number(B, OTHER, id=A),
        "twilio_subaccounts": SOON
        + subaccount(A)
        + subaccount(B, id=A, twilio_account_sid="AC"),
    }.items()
}
