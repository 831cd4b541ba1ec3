"""A managed number and its credential: both or neither, at every commit."""

from __future__ import annotations

import pytest
from psycopg import sql

from tests.database.telephony.office import (
    Office,
    activate,
    credential,
    end,
    refused,
    switch_off,
)

NUMBER = "+16505550100"
OTHER = "+16505550101"


def test_half_a_pair_is_refused_at_commit_and_the_whole_is_accepted(
    office: Office,
) -> None:
    organization = office.organization()
    with refused("TP016", "half_a_pair"), office.owner.transaction():
        activate(office.owner, organization, NUMBER)
    with refused("TP016", "half_a_pair"):
        credential(office.owner, organization, NUMBER, is_managed=True)
    with refused("TP016", "half_a_pair"), office.owner.transaction():
        activate(office.owner, organization, NUMBER)
        credential(office.owner, organization, OTHER, is_managed=True)
    office.managed(organization, NUMBER)


@pytest.mark.parametrize("half", [end, switch_off])
def test_half_a_pair_is_not_ended(office: Office, half: object) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    assert callable(half)
    with refused("TP016", "half_a_pair"):
        half(office.owner, organization, NUMBER)
    office.release(organization, NUMBER)


@pytest.mark.parametrize("table", ["org_credentials", "managed_phone_numbers"])
def test_half_a_pair_is_not_deleted(office: Office, table: str) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    delete = sql.SQL("delete from {} where org_id = %s")
    with refused("TP016", "half_a_pair"):
        office.owner.execute(delete.format(sql.Identifier(table)), (organization.id,))
    office.owner.execute("delete from organizations where id = %s", (organization.id,))


def test_the_other_half_in_another_organization_does_not_count(office: Office) -> None:
    one, two = office.organization(), office.organization()
    with refused("TP016", "half_a_pair"), office.owner.transaction():
        activate(office.owner, one, NUMBER)
        credential(office.owner, two, NUMBER, is_managed=True)


def test_an_active_managed_credential_says_its_number(office: Office) -> None:
    organization = office.organization()
    with refused("23514", "active_managed_has_a_number"):
        credential(office.owner, organization, None, is_managed=True)
    credential(office.owner, organization, None, is_managed=True, is_active=False)
