"""What never changes: whose a row is, when it was made, the digits of a number."""

from __future__ import annotations

from uuid import uuid4

import pytest
from psycopg import sql

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    account_sid,
    credential,
    legacy,
    provision,
    refused,
)

NUMBER = "+16505550100"
OTHER = "+16505550101"

FIXED = ("TP018", "identity_is_fixed")


#: Where a row's organization may change, on purpose.
MOVES = {"phone_numbers_held", "number_routes"}

#: What else a row is, in the tables that say more than the four columns of the rule.
MORE = {
    ("user_org_roles", "user_id"),
    ("org_data_keys", "version"),
    ("org_feature_flags", "flag_key"),
    ("agent_phone_assignments", "agent_id"),
    ("provisioning_requests", "idempotency_key"),
    ("provider_operations", "request_id"),
    ("outbox", "dedupe_key"),
}
OTHERWISE: dict[str, object] = {
    "version": 7,
    "created_at": "2020-01-01 00:00:00+00",
    "is_managed": True,
    "flag_key": "another",
    "idempotency_key": "another",
    "dedupe_key": "another",
}


def test_who_a_row_belongs_to_and_when_it_was_made_never_changes(
    office: Office,
) -> None:
    """In every table of the catalog, whoever writes."""
    organization = steps.tenant(office, "0100")
    found = {
        (table, column)
        for table, column in office.rows(
            "select c.relname::text, a.attname::text from pg_class as c"
            " inner join pg_attribute as a on a.attrelid = c.oid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'"
            " and a.attname in ('org_id', 'id', 'created_at', 'is_managed')"
            " and c.relname !~ 'yoyo'"
        )
        if table not in MOVES
    }
    assert len(found) > 30
    for table, column in sorted(found | MORE):
        same = sql.SQL("update {0} set {1} = {1} where {2} = %s").format(
            sql.Identifier(table),
            sql.Identifier(column),
            sql.Identifier(
                {"organizations": "id", "feature_flags": "flag_key"}.get(
                    table, "org_id"
                )
            ),
        )
        whose = "outbound_sms" if table == "feature_flags" else organization.id
        assert office.owner.execute(same, (whose,)).rowcount, table
        other = sql.SQL("update {} set {} = %s").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        with refused(*FIXED):
            office.owner.execute(other, (OTHERWISE.get(column, uuid4()),))


def test_a_byoc_credential_does_not_become_a_managed_one(office: Office) -> None:
    made = credential(office.owner, office.organization(), NUMBER)
    with refused(*FIXED):
        office.owner.execute(
            "update org_credentials set is_managed = true where id = %s", (made,)
        )


def test_the_digits_of_a_live_number_never_change(office: Office) -> None:
    organization = office.organization()
    made = credential(office.owner, organization, NUMBER)
    unknown = credential(office.owner, organization, None, encrypted_config=legacy())
    number = provision(office.owner, organization, OTHER)
    learn = "update org_credentials set phone_number = %s where id = %s"
    with refused("TP019", "digits_are_fixed"):
        office.owner.execute(learn, ("+16505550102", made))
    with refused("TP019", "digits_are_fixed"):
        office.owner.execute(learn, (None, made))
    with refused("TP019", "digits_are_fixed"):
        office.owner.execute(
            "update managed_phone_numbers set phone_number = '+16505550102'"
            " where id = %s",
            (number,),
        )
    office.owner.execute(learn, ("+16505550103", unknown))


@pytest.mark.parametrize(
    "digits",
    [
        "+14155550123\n",
        "+1415555012٣",
        "+1234567890123456",
        "+0415555012",
        "14155550123",
        "+141555",
        "",
    ],
)
def test_what_is_not_e164_is_no_number(office: Office, digits: str) -> None:
    organization = office.organization()
    with refused("23514", "e164_form"):
        credential(office.owner, organization, digits)
    with refused("23514", "e164_form"):
        provision(office.owner, organization, digits)


@pytest.mark.parametrize("digits", ["+1234567", "+123456789012345"])
def test_the_shortest_and_the_longest_e164_are_numbers(
    office: Office, digits: str
) -> None:
    credential(office.owner, office.organization(), digits)


@pytest.mark.parametrize(
    "sid", ["PN" + "0" * 32, "AC" + "0" * 31, "AC" + "G" * 32, "AC" + "0" * 32 + "\n"]
)
def test_a_sid_of_another_kind_is_no_account(office: Office, sid: str) -> None:
    made = credential(office.owner, office.organization(), NUMBER)
    learn = "update org_credentials set account_sid = %s where id = %s"
    with refused("23514", "account_sid_is_an_account"):
        office.owner.execute(learn, (sid, made))
    office.owner.execute(learn, (account_sid(), made))
