"""One holder of a number, one live request, and a time of rest in between."""

from __future__ import annotations

import psycopg
import pytest

from tests.database.telephony.office import (
    Office,
    Organization,
    credential,
    provision,
    queue,
    refused,
    switch_off,
)

NUMBER = "+16505550100"
OTHER = "+16505550101"
UNAVAILABLE = ("TP011", "number_unavailable")


@pytest.mark.parametrize("first", ["managed", "byoc"])
@pytest.mark.parametrize("second", ["managed", "byoc"])
def test_a_number_is_held_by_one_organization(
    office: Office, first: str, second: str
) -> None:
    holder, squatter = office.organization(), office.organization()
    take(office, first, holder, NUMBER)
    with refused(*UNAVAILABLE):
        take(office, second, squatter, NUMBER)
    take(office, second, squatter, OTHER)


def take(office: Office, kind: str, organization: Organization, number: str) -> None:
    if kind == "managed":
        office.managed(organization, number)
    else:
        credential(office.owner, organization, number)


def test_a_refusal_does_not_tell_who_holds_a_number_or_that_it_rests(
    office: Office,
) -> None:
    holder, squatter = office.organization(), office.organization()
    credential(office.owner, holder, NUMBER)
    said = []
    for number in (NUMBER, "+13105550112"):  # the second rests until 2099
        with pytest.raises(psycopg.Error) as caught:
            credential(office.owner, squatter, number)
        diag = caught.value.diag
        facts = (diag.message_primary, diag.message_detail, diag.message_hint)
        said.append(str(facts).replace(number, "it"))
        assert str(holder.id) not in str(caught.value)
    assert said[0] == said[1]


def test_of_organizations_racing_for_a_number_one_gets_it(office: Office) -> None:
    organizations = [office.organization() for _ in range(8)]

    def take_it(session: psycopg.Connection, which: int) -> bool:
        credential(session, organizations[which], NUMBER)
        return True

    outcomes = office.race(8, take_it)
    assert outcomes.count(True) == 1
    lost = [o for o in outcomes if isinstance(o, psycopg.Error)]
    assert {(e.sqlstate, e.diag.constraint_name) for e in lost} == {UNAVAILABLE}


def test_a_released_number_rests_for_everybody(office: Office) -> None:
    former, next_one = office.organization(), office.organization()
    office.managed(former, NUMBER)
    office.release(former, NUMBER)
    for organization in (former, next_one):
        with refused(*UNAVAILABLE):
            credential(office.owner, organization, NUMBER)
    office.owner.execute(
        "update phone_numbers_held set quarantined_until = now()"
        " where phone_number = %s",
        (NUMBER,),
    )
    credential(office.owner, next_one, NUMBER)


def test_a_number_of_the_customers_own_goes_free_at_once(office: Office) -> None:
    former, next_one = office.organization(), office.organization()
    credential(office.owner, former, NUMBER)
    switch_off(office.owner, former, NUMBER)
    credential(office.owner, next_one, NUMBER)


def test_a_purchase_that_failed_lets_go_of_the_number(office: Office) -> None:
    first, second = office.organization(), office.organization()
    made = provision(office.owner, first, NUMBER)
    with refused(*UNAVAILABLE):
        provision(office.owner, second, NUMBER)
    office.owner.execute(
        "update managed_phone_numbers set status = 'failed' where id = %s", (made,)
    )
    provision(office.owner, second, NUMBER)


def test_an_organization_has_one_live_request(office: Office) -> None:
    organization = office.organization()
    first = queue(office.owner, organization)
    with refused("23505", "idx_provisioning_requests_one_live_per_org"):
        queue(office.owner, organization)
    queue(office.owner, office.organization())
    office.owner.execute(
        "update provisioning_requests set state = 'running',"
        " lease_until = now() + interval '1 minute' where id = %s",
        (first,),
    )
    with refused("23505", "idx_provisioning_requests_one_live_per_org"):
        queue(office.owner, organization)
    office.owner.execute(
        "update provisioning_requests set state = 'failed', lease_until = null,"
        " reason_code = 'gave_up', user_message = 'No.' where id = %s",
        (first,),
    )
    queue(office.owner, organization)
