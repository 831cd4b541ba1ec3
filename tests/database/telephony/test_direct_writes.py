"""What no role can write: other owners, nulls, toggles, plain and oversized values."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.telephony.office import (
    Office,
    credential,
    legacy,
    refused,
)

NUMBER = "+16505550100"
OWN = "+16505550101"
THEIRS = "+16505550102"
THEIR_OWN = "+16505550103"


@pytest.mark.parametrize(
    "role",
    [
        "anon",
        "authenticated",
        "service_role",
        "telephony_worker",
        "telephony_backfill",
        "telephony_auditor",
    ],
)
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("is_managed", "not is_managed"),
        ("org_id", "'{other}'"),
        ("created_at", "'2020-01-01'"),
        ("id", "gen_random_uuid()"),
    ],
)
def test_no_role_changes_whose_a_credential_is_or_what_it_was_bought_as(
    office: Office, role: str, column: str, value: str
) -> None:
    organization, other = office.organization(), office.organization()
    made = credential(office.owner, organization, NUMBER)
    update = (
        f"update public.org_credentials set {column} = {value.format(other=other.id)}"
        f" where id = '{made}'"
    )
    with (
        office.acting(role, organization.claims) as session,
        pytest.raises(psycopg.Error) as caught,
    ):
        session.execute(update.encode())
    expected = "TP018" if role == "service_role" else "42501"
    assert caught.value.sqlstate == expected


# Flags that are null or go off and on, and oversized or plain values.


def test_flags_cannot_be_null(office: Office) -> None:
    made = credential(office.owner, office.organization(), NUMBER)
    for column in ("is_active", "is_managed", "can_inbound", "can_outbound"):
        with pytest.raises(psycopg.Error) as caught:
            office.owner.execute(
                sql.SQL("update org_credentials set {} = null where id = %s").format(
                    sql.Identifier(column)
                ),
                (made,),
            )
        # is_managed: what it was bought as never changes, not even to nothing.
        assert caught.value.sqlstate == ("TP018" if column == "is_managed" else "23502")


def test_a_credential_that_goes_off_and_on_takes_its_number_again_or_not_at_all(
    office: Office,
) -> None:
    first, second = office.organization(), office.organization()
    made = credential(office.owner, first, NUMBER)
    switch = "update org_credentials set is_active = %s where id = %s"
    for _ in range(2):
        office.owner.execute(switch, (False, made))
        office.owner.execute(switch, (True, made))
    office.owner.execute(switch, (False, made))
    credential(office.owner, second, NUMBER)
    with refused("TP011", "number_unavailable"):
        office.owner.execute(switch, (True, made))


def test_a_second_managed_credential_is_refused_off_and_on_and_by_another_provider(
    office: Office,
) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    off = credential(office.owner, organization, OWN, is_managed=True, is_active=False)
    with pytest.raises(errors.UniqueViolation):
        office.owner.execute(
            "update org_credentials set is_active = true where id = %s", (off,)
        )
    with pytest.raises(errors.UniqueViolation):
        credential(office.owner, organization, OWN, provider="vapi", is_managed=True)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("organizations", "name"),
        ("agents", "name"),
        ("twilio_subaccounts", "friendly_name"),
    ],
)
def test_a_label_of_ten_megabytes_is_refused_and_one_of_200_is_not(
    office: Office, table: str, column: str
) -> None:
    organization = office.organization()
    office.agent(organization)
    update = sql.SQL("update {} set {} = repeat('x', %s) where {} = %s").format(
        sql.Identifier(table),
        sql.Identifier(column),
        sql.Identifier("id" if table == "organizations" else "org_id"),
    )
    for length in (10 * 1024 * 1024, 201):
        with refused("23514", "name_has_an_end"):
            office.owner.execute(update, (length, organization.id))
    office.owner.execute(update, (200, organization.id))


@pytest.mark.parametrize(
    "value",
    ['{"accountSid": "AC", "authToken": "x"}', "x" * 10_485_760, "", legacy() + " "],
    ids=["JSON", "10 MB", "empty", "with a blank"],
)
def test_what_is_not_sealed_does_not_get_in_through_api(
    office: Office, value: str
) -> None:
    organization = office.organization()
    with (
        office.acting("authenticated", organization.claims) as user,
        refused("TP028", "sealed_value_is_malformed"),
    ):
        user.execute(
            "select api.connect_byoc_number(%s, 'AC' || repeat('0', 32), %s)",
            (OWN, value),
        )
