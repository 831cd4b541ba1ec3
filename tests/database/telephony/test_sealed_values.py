"""Sealed values: their form, their nonce, and the key that they name."""

from __future__ import annotations

import random
from collections import Counter
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from telephony.errors import BadForm, DoesNotOpen
from telephony.sealing import (
    DataKey,
    LegacyKey,
    Place,
    key_version,
    open_legacy,
    open_sealed,
)
from telephony.secret import Secret
from telephony.stored import FIELD
from tests.database.telephony.office import (
    Office,
    Organization,
    credential,
    legacy,
    refused,
    sealed,
)

NUMBER = "+16505550100"
OTHER = "+16505550101"


@pytest.mark.parametrize(
    ("value", "constraint"),
    [
        ('{"accountSid": "AC", "authToken": "secret"}', "sealed_in_a_known_form"),
        ("", "sealed_in_a_known_form"),
        (legacy() + "\n", "sealed_in_a_known_form"),
        (sealed() + "\n", "sealed_in_a_known_form"),
        (legacy() + "0", "sealed_in_a_known_form"),
        (":".join(("ab" * 13, "cd" * 15, "ef")), "sealed_in_a_known_form"),
        (":".join(("ab" * 12, "cd" * 15, "ef")), "sealed_in_a_known_form"),
        (legacy() + ":ab", "sealed_in_a_known_form"),
        (legacy() + "gg", "sealed_in_a_known_form"),
        ("v3" + sealed()[2:], "sealed_in_a_known_form"),
        ("v2:" + legacy(), "sealed_in_a_known_form"),
        (legacy() + "00" * 32768, "sealed_in_a_known_form"),
    ],
    ids=[
        *("JSON", "empty", "line break", "v2 line break", "odd"),
        *("a long nonce", "a short tag", "four parts", "no digits", "v3", "v2 of hex"),
        "large",
    ],
)
def test_what_is_not_sealed_is_refused(
    office: Office, value: str, constraint: str
) -> None:
    organization = office.organization()
    with refused("23514", constraint):
        office.owner.execute(
            "insert into org_credentials (org_id, provider, encrypted_config)"
            " values (%s, 'twilio', %s)",
            (organization.id, value),
        )


def has_the_form(value: str) -> bool:
    """Whether the parser takes a value for a sealed one."""
    try:
        if not value.startswith("v2:"):
            open_legacy(value, LegacyKey(Secret(bytes(32))))
        else:
            place = Place(UUID(int=1), UUID(int=2), "twilio", FIELD)
            key = DataKey(UUID(int=1), key_version(value), Secret(bytes(32)))
            open_sealed(value, key, place)
    except DoesNotOpen:
        return True
    except BadForm:
        return False
    raise AssertionError("what was made by chance opens")


def altered(value: str, chance: random.Random) -> str:
    """The value with up to three characters taken out, put in or exchanged."""
    for _ in range(chance.randrange(4)):
        start = chance.randrange(len(value) + 1)
        end = start + chance.randrange(2)
        value = value[:start] + chance.choice(["", *ODD]) + value[end:]
    return value


ODD = [*":=+/-_v2019aFgGz \t\n\r\u00a0\u0661\uff11\u017f\u200b", "\U0001d7ce"]


@pytest.mark.parametrize("table", ["org_credentials", "twilio_subaccounts"])
def test_the_parser_and_the_constraint_take_the_same_for_sealed(
    office: Office, table: str
) -> None:
    chance = random.Random(20260216)
    values = [altered(form(), chance) for form in (legacy, sealed) * 3000]
    ((column, rule),) = office.rows(
        "select a.attname, pg_get_expr(c.conbin, c.conrelid)"
        " from pg_constraint as c join pg_attribute as a"
        " on a.attrelid = c.conrelid and a.attnum = c.conkey[1]"
        " where c.conrelid = %s::regclass and c.conname = 'sealed_in_a_known_form'",
        table,
    )
    judged = office.owner.execute(
        sql.SQL(
            "select v, {} from unnest(%s::text[]) as t (v), lateral (select v) as {}"
        ).format(sql.SQL(rule.replace("%", "%%")), sql.SQL(f"o ({column})")),
        [values],
    ).fetchall()
    taken = Counter[tuple[bool, bool]]()
    for value, by_the_constraint in judged:
        by_the_parser = has_the_form(value)
        taken[by_the_parser, by_the_constraint] += 1
        if by_the_parser != by_the_constraint:
            # Base64 of a length that there is not, or of another spelling.
            assert value.startswith("v2:"), value
            assert by_the_constraint, value
    assert min(taken[True, True], taken[False, False]) > 1000


def test_both_known_forms_are_accepted(office: Office) -> None:
    organization = office.organization()
    for value, version in ((legacy(), None), (sealed(1), 1)):
        made = credential(office.owner, organization, None, encrypted_config=value)
        assert office.rows(
            "select key_version from org_credentials where id = %s", made
        ) == [(version,)]


@pytest.mark.parametrize("form", [legacy, sealed])
def test_a_copied_value_is_refused_wherever_it_is_put(
    office: Office, form: object
) -> None:
    assert callable(form)
    organization, other = office.organization(), office.organization()
    value = form()
    credential(office.owner, organization, None, encrypted_config=value)
    for target in (organization, other):
        with refused("23505", "idx_org_credentials_nonce"):
            credential(office.owner, target, None, encrypted_config=value)
        credential(office.owner, target, None, encrypted_config=form())


def test_a_nonce_in_capitals_is_the_same_nonce(office: Office) -> None:
    organization = office.organization()
    value = legacy()
    credential(office.owner, organization, None, encrypted_config=value)
    with refused("23505", "idx_org_credentials_nonce"):
        credential(office.owner, organization, None, encrypted_config=value.upper())


def test_a_value_is_sealed_under_a_living_key_of_its_organization(
    office: Office,
) -> None:
    organization = office.organization(keys=3)
    office.organization(keys=4)
    destroy(office.owner, organization, 1)
    for version in (1, 4):  # destroyed; the other organization's
        with refused("TP021", "key_is_destroyed"):
            credential(
                office.owner, organization, None, encrypted_config=sealed(version)
            )
    for version in (2, 3):
        credential(office.owner, organization, None, encrypted_config=sealed(version))


def destroy(
    session: psycopg.Connection, organization: Organization, version: int
) -> None:
    session.execute(
        "update org_data_keys set state = 'destroyed', wrapped = null"
        " where org_id = %s and version = %s",
        (organization.id, version),
    )


def test_a_key_in_use_is_not_destroyed(office: Office) -> None:
    organization = office.organization(keys=2)
    made = credential(office.owner, organization, NUMBER, encrypted_config=sealed(1))
    with refused("TP022", "key_is_in_use"):
        destroy(office.owner, organization, 1)
    with refused("TP022", "key_is_in_use"):  # the subaccount's token
        destroy(office.owner, organization, 2)
    office.owner.execute(
        "update org_credentials set encrypted_config = %s where id = %s",
        (sealed(2), made),
    )
    destroy(office.owner, organization, 1)
    with refused("TP021", "key_is_destroyed"):
        office.owner.execute(
            "update org_data_keys set state = 'active', wrapped = %s"
            " where org_id = %s and version = 1",
            ("k1:test:" + "A" * 16 + ":" + "A" * 64, organization.id),
        )


def test_a_secret_is_never_overwritten_and_may_move_to_another_key(
    office: Office,
) -> None:
    organization = office.organization(keys=2)
    made = credential(office.owner, organization, NUMBER, encrypted_config=sealed(1))
    old = credential(office.owner, organization, OTHER, encrypted_config=legacy())
    reseal = "update org_credentials set encrypted_config = %s where id = %s"
    with refused("TP020", "secret_is_fixed"):
        office.owner.execute(reseal, (sealed(1), made))
    with refused("TP020", "secret_is_fixed"):
        office.owner.execute(reseal, (legacy(), old))
    office.owner.execute(reseal, (sealed(2), made))
    office.owner.execute(reseal, (sealed(2), old))


def test_what_was_off_comes_back_only_under_a_living_key(office: Office) -> None:
    organization = office.organization(keys=2)
    made = credential(office.owner, organization, NUMBER, encrypted_config=sealed(1))
    switch = "update org_credentials set is_active = %s where id = %s"
    for on in (False, True, False):
        office.owner.execute(switch, (on, made))
    destroy(office.owner, organization, 1)
    with refused("TP021", "key_is_destroyed"):
        office.owner.execute(switch, (True, made))
    office.owner.execute(
        "update org_credentials set is_active = true, encrypted_config = %s"
        " where id = %s",
        (sealed(2), made),
    )


def test_the_key_version_repeats_the_sealed_value(office: Office) -> None:
    organization = office.organization(keys=2)
    made = credential(office.owner, organization, NUMBER, encrypted_config=sealed(1))
    with refused("23514", "key_version_is_the_sealed_one"):
        office.owner.execute(
            "update org_credentials set key_version = 2 where id = %s", (made,)
        )
