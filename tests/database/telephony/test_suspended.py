"""A suspended or closed account: its number stays visible, and nobody can use it."""

from __future__ import annotations

import pytest

from tests.database.telephony import steps
from tests.database.telephony.office import Office, Organization

NUMBER = "+16505550100"
OWN = "+16505550101"


def suspend(office: Office, organization: Organization, status: str) -> None:
    with office.acting("service_role") as backend:
        backend.execute(
            "update public.twilio_subaccounts set status = %s where org_id = %s",
            (status, organization.id),
        )


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_its_number_is_offered_as_unavailable_with_the_reason(
    office: Office, status: str
) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    sentence = f"The telephony account of your organization is {status}."
    offered = (
        "select phone_number, available, unavailable_reason"
        " from api.agent_phone_options order by phone_number"
    )
    with office.acting("authenticated", organization.claims) as user:
        steps.connect(user, OWN)
        assert user.execute(offered).fetchall() == [
            (NUMBER, True, None),
            (OWN, True, None),
        ]
        suspend(office, organization, status)
        assert user.execute(offered).fetchall() == [
            (NUMBER, False, sentence),
            (OWN, True, None),
        ]
        if status == "suspended":
            suspend(office, organization, "active")
            assert user.execute(offered).fetchall() == [
                (NUMBER, True, None),
                (OWN, True, None),
            ]


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_no_call_is_made_from_it_and_no_number_bought_on_it(
    office: Office, status: str
) -> None:
    organization, without = office.organization(), office.organization()
    made = office.managed(organization, NUMBER)
    agent = office.agent(organization, "outbound")
    calls_from = "select phone_number from worker.outbound_credential(%s)"
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("authenticated", without.claims) as other,
        office.acting("telephony_worker") as worker,
    ):
        steps.assign(user, agent, "outbound", made)
        assert worker.execute(calls_from, (agent,)).fetchall() == [(NUMBER,)]
        suspend(office, organization, status)
        assert worker.execute(calls_from, (agent,)).fetchall() == []

        suspend(office, without, status)
        assert other.execute(
            "select can_provision, reason_code from api.validate_can_provision()"
        ).fetchall() == [(False, f"subaccount_{status}")]
