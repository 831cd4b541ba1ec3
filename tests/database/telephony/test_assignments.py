"""Agents and the numbers that they answer and call from."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

from tests.database.telephony.office import (
    Office,
    Organization,
    credential,
    refused,
    switch_off,
)

NUMBER = "+16505550100"
OTHER = "+16505550101"


def assign(
    office: Office,
    organization: Organization,
    agent: UUID,
    direction: str,
    chosen: UUID,
) -> None:
    """As the database itself would write it, with what the credential says."""
    office.owner.execute(
        "insert into agent_phone_assignments (org_id, agent_id, direction,"
        " credential_id, can_inbound, can_outbound)"
        " select %s, %s, %s, id, can_inbound, can_outbound"
        " from org_credentials where id = %s",
        (organization.id, agent, direction, chosen),
    )


OF_THE_ORG = ("23503", "assignment_of_a_credential_of_the_org")


def test_an_agent_is_assigned_a_credential_of_its_own_organization(
    office: Office,
) -> None:
    organization, other = office.organization(), office.organization()
    agent = office.agent(organization)
    foreign = credential(office.owner, other, OTHER)
    with refused(*OF_THE_ORG):
        assign(office, organization, agent, "inbound", foreign)
    with refused("23503", "assignment_of_an_agent_of_the_org"):
        assign(office, other, agent, "inbound", foreign)
    own = credential(office.owner, organization, NUMBER)
    assign(office, organization, agent, "inbound", own)


def test_an_agent_is_assigned_what_can_do_the_direction(office: Office) -> None:
    organization = office.organization()
    agent = office.agent(organization)
    deaf = credential(office.owner, organization, NUMBER, can_inbound=False)
    impossible = ("23514", "assigned_credential_can_do_the_direction")
    for direction in ("inbound", "sideways"):
        with refused(*impossible):
            assign(office, organization, agent, direction, deaf)
    assign(office, organization, agent, "outbound", deaf)
    with refused(*impossible):
        office.owner.execute(
            "update org_credentials set can_outbound = false where id = %s", (deaf,)
        )
    lie: LiteralString = (
        "insert into agent_phone_assignments (org_id, agent_id, direction,"
        " credential_id, can_inbound, can_outbound)"
        " values (%s, %s, 'inbound', %s, true, true)"
    )
    with refused(*OF_THE_ORG):
        office.owner.execute(lie, (organization.id, agent, deaf))


def test_an_assigned_credential_stays_switched_on(office: Office) -> None:
    organization = office.organization()
    agent = office.agent(organization)
    made = credential(office.owner, organization, NUMBER)
    assign(office, organization, agent, "inbound", made)
    with refused("23514", "assigned_credential_is_active"):
        switch_off(office.owner, organization, NUMBER)
    office.owner.execute(
        "delete from agent_phone_assignments where agent_id = %s", (agent,)
    )
    switch_off(office.owner, organization, NUMBER)
    with refused(*OF_THE_ORG):
        assign(office, organization, agent, "inbound", made)


def test_a_number_is_answered_by_one_agent(office: Office) -> None:
    organization = office.organization()
    one, two = office.agent(organization), office.agent(organization, "outbound")
    made = credential(office.owner, organization, NUMBER)
    assign(office, organization, one, "inbound", made)
    with refused("23505", "idx_agent_phone_assignments_inbound"):
        assign(office, organization, two, "inbound", made)
    assign(office, organization, one, "outbound", made)
    assign(office, organization, two, "outbound", made)
