"""Callers that cross each other: no deadlock, and nothing decided on an old picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    Organization,
    account_sid,
    activate,
    claims,
    credential,
    refused,
    sealed,
)

NUMBER = "+16505550100"
OTHER = "+16505550101"


def test_callers_that_cross_each_other_never_meet_a_deadlock(office: Office) -> None:
    """Every call of one organization, in every order, from many sessions at once."""
    organization = office.organization()
    agents = [office.agent(organization), office.agent(organization, "outbound")]
    own = [f"+1650555010{n}" for n in range(3)]
    office.managed(organization, "+16505550199")

    def act(session: psycopg.Connection, number: int) -> list[str]:
        session.execute(
            "select set_config('request.jwt.claims', %s, false)",
            (claims(organization.admin, organization.id),),
        )
        session.execute("set role authenticated")
        seen = []
        for turn in range(10):
            which = number * 7 + turn * 5
            try:
                with session.transaction():
                    for step in range(2):
                        one_call(session, which + step * 3, agents, own)
            except psycopg.Error as error:
                seen.append(error.sqlstate or "")
        return seen

    outcomes = office.race(8, act)
    states = [s for o in outcomes for s in (o if isinstance(o, list) else [str(o)])]
    assert {s for s in states if not s.startswith("TP")} == set()


def one_call(
    session: psycopg.Connection, which: int, agents: list[UUID], own: list[str]
) -> None:
    number = own[which % 3]
    offered = {
        row[0]: row[1]
        for row in session.execute(
            "select phone_number, credential_id from api.agent_phone_options"
        )
    }
    chosen = offered.get(number) or uuid4()
    agent, direction = agents[which % 2], ("inbound", "outbound")[which // 2 % 2]
    calls: list[tuple[Any, tuple[object, ...]]] = [
        (
            "select api.connect_byoc_number(%s, %s, %s)",
            (number, account_sid(), sealed()),
        ),
        ("select api.assign_phone_number(%s, %s, %s)", (agent, direction, chosen)),
        ("select api.disconnect_byoc_number(%s)", (chosen,)),
        ("select api.unassign_phone_number(%s, %s)", (agent, direction)),
        ("select api.release_managed_number(%s)", ("+16505550199",)),
        ("select api.request_managed_number(%s, 'US', 'local')", (f"key {which}",)),
    ]
    session.execute(*calls[which % 6])


def test_a_member_removed_while_he_waits_writes_nothing(office: Office) -> None:
    """His call began as a member's and had to wait; who he is now is what counts."""
    organization = office.organization()
    with (
        office.acting("authenticated", organization.claims) as user,
        office.server.connect(office.database) as backend,
        ThreadPoolExecutor(1) as threads,
    ):
        with backend.transaction():
            backend.execute(
                "select from organizations where id = %s for update", (organization.id,)
            )
            waiting = threads.submit(steps.connect, user, NUMBER)
            until_it_waits(office, user)
            office.owner.execute(
                "delete from user_org_roles where org_id = %s", (organization.id,)
            )
        with refused("TP003", "not_a_member"):
            waiting.result(30)


def until_it_waits(office: Office, session: psycopg.Connection) -> None:
    while not office.rows(
        "select from pg_locks where pid = %s and not granted", session.info.backend_pid
    ):
        time.sleep(0.01)


def destroy(session: psycopg.Connection, organization: Organization) -> None:
    session.execute(
        "update org_data_keys set state = 'destroyed', wrapped = null"
        " where org_id = %s and version = 1",
        (organization.id,),
    )


def suspend(session: psycopg.Connection, organization: Organization) -> None:
    session.execute(
        "update twilio_subaccounts set status = 'suspended' where org_id = %s",
        (organization.id,),
    )


def both_halves(session: psycopg.Connection, organization: Organization) -> None:
    activate(session, organization, NUMBER)
    credential(
        session,
        organization,
        NUMBER,
        encrypted_config=sealed(2),
        is_managed=True,
    )


def connect(
    session: psycopg.Connection, organization: Organization, number: str
) -> UUID:
    session.execute(
        "select set_config('request.jwt.claims', %s, true)", (organization.claims,)
    )
    session.execute("set local role authenticated")
    made: UUID = steps.answer(
        session,
        "select api.connect_byoc_number(%s, %s, %s)",
        number,
        account_sid(),
        sealed(2),
    )
    return made


def switch_agents_off(session: psycopg.Connection, organization: Organization) -> None:
    session.execute(
        "update agents set is_active = false where org_id = %s", (organization.id,)
    )


def answer_by_an_agent(session: psycopg.Connection, organization: Organization) -> None:
    ((agent,),) = session.execute(
        "select id from agents where org_id = %s", (organization.id,)
    ).fetchall()
    steps.assign(session, agent, "inbound", connect(session, organization, NUMBER))


Act = Callable[[psycopg.Connection, Organization], object]

#: What a session with an old picture does → what was done after it was taken.
MEANWHILE: dict[str, tuple[Act, Act]] = {
    "destroys a key that something is sealed under": (
        destroy,
        lambda owner, o: credential(owner, o, NUMBER, encrypted_config=sealed(1)),
    ),
    "suspends an account that has a number": (
        suspend,
        both_halves,
    ),
    "switches off an agent that answers": (
        switch_agents_off,
        answer_by_an_agent,
    ),
    "connects one number more than the limit": (
        lambda old, o: connect(old, o, OTHER),
        lambda owner, o: connect(owner, o, NUMBER),
    ),
}


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
@pytest.mark.parametrize("case", MEANWHILE)
def test_nothing_is_decided_on_an_old_picture(
    office: Office, case: str, level: str
) -> None:
    """What was committed after the picture was taken counts: the session must retry."""
    organization = office.organization(keys=2)
    office.agent(organization)
    office.owner.execute(
        "insert into org_limits (org_id, max_byoc_numbers) values (%s, 1)",
        (organization.id,),
    )
    act, meanwhile = MEANWHILE[case]
    with (
        office.server.connect(office.database) as old,
        office.server.connect(office.database) as other,
    ):
        old.execute(f"begin isolation level {level}".encode())
        old.execute("select from organizations")
        with other.transaction():
            meanwhile(other, organization)
        with pytest.raises(errors.SerializationFailure):
            act(old, organization)
