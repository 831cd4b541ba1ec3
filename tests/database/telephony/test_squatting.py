"""Whoever connects a number that is not his keeps it from nobody, learns nothing."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    Organization,
    account_sid,
    refused,
    sealed,
)

NUMBER = "+16505550100"
RESTS = "+13105550112"  # in the fixtures, until 2099
UNAVAILABLE = ("TP011", "number_unavailable")


def prove(worker: psycopg.Connection, owner: Organization, number: str) -> UUID:
    """The backend has asked the provider: the number is in the owner's account."""
    made = steps.answer(
        worker,
        "select worker.connect_proved_number(%s, %s, %s, %s)",
        owner.id,
        number,
        account_sid(),
        sealed(),
    )
    assert isinstance(made, UUID)
    return made


def test_an_owner_gets_his_number_from_whoever_connected_it_before(
    office: Office,
) -> None:
    squatter, owner = office.organization(), office.organization()
    agent, own_agent = office.agent(squatter), office.agent(owner)
    with (
        office.acting("authenticated", squatter.claims) as thief,
        office.acting("authenticated", owner.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        steps.assign(thief, agent, "inbound", steps.connect(thief, NUMBER))
        with refused(*UNAVAILABLE):
            steps.connect(user, NUMBER)

        made = prove(worker, owner, NUMBER)
        assert steps.options(user) == [f"{NUMBER} (Your Twilio)"]
        assert steps.options(thief) == []
        steps.assign(user, own_agent, "inbound", made)
        assert steps.routed(worker, NUMBER) == [(owner.id, own_agent, made)]
        with refused(*UNAVAILABLE):
            steps.connect(thief, NUMBER)
    assert office.rows(
        "select is_active, last_verified_at is null, verification_error"
        " from org_credentials where org_id = %s and phone_number = %s",
        squatter.id,
        NUMBER,
    ) == [(False, True, "This number is not in this Twilio account.")]


def test_a_number_that_moved_to_another_account_moves_here_too(office: Office) -> None:
    """A number is in one account at a time, so what was proved last is true."""
    former, owner = office.organization(), office.organization()
    with office.acting("telephony_worker") as worker:
        prove(worker, former, NUMBER)
        prove(worker, owner, NUMBER)
        with office.acting("authenticated", former.claims) as user:
            assert steps.options(user) == []
    assert office.rows(
        "select org_id from phone_numbers_held where phone_number = %s", NUMBER
    ) == [(owner.id,)]


def test_proving_ones_own_number_again_brings_a_new_secret_and_keeps_the_agents(
    office: Office,
) -> None:
    owner = office.organization()
    agent = office.agent(owner)
    with (
        office.acting("authenticated", owner.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        steps.assign(user, agent, "inbound", steps.connect(user, NUMBER))
        made = prove(worker, owner, NUMBER)
        assert steps.routed(worker, NUMBER) == [(owner.id, agent, made)]


def test_a_proof_does_not_reach_a_managed_number_or_one_that_rests(
    office: Office,
) -> None:
    holder, other = office.organization(), office.organization()
    office.managed(holder, NUMBER)
    with office.acting("telephony_worker") as worker:
        for number in (NUMBER, RESTS):
            with refused(*UNAVAILABLE):
                prove(worker, other, number)


@pytest.mark.parametrize("holder", ["managed", "byoc", "rests", "own"])
def test_a_refusal_says_the_same_whoever_holds_the_number(
    office: Office, holder: str
) -> None:
    squatter, other = office.organization(), office.organization()
    number = RESTS if holder == "rests" else NUMBER
    if holder == "managed":
        office.managed(other, NUMBER)
    elif holder == "own":
        office.managed(squatter, NUMBER)
    elif holder == "byoc":
        with office.acting("authenticated", other.claims) as user:
            steps.connect(user, NUMBER)
    with (
        office.acting("authenticated", squatter.claims) as thief,
        pytest.raises(psycopg.Error) as caught,
    ):
        steps.connect(thief, number)
    diag = caught.value.diag
    assert (diag.sqlstate, diag.constraint_name) == UNAVAILABLE
    assert diag.message_primary == "This phone number cannot be used."
    assert diag.message_detail == number
    assert diag.message_hint == "Choose another number, or ask our support."
    told = str(vars(diag)) + str(caught.value) + str(diag.context)
    assert str(other.id) not in told


def test_two_proofs_that_cross_meet_no_deadlock(office: Office) -> None:
    one, two = office.organization(), office.organization()
    first, second = "+16505550101", "+16505550102"
    with office.acting("telephony_worker") as worker:
        prove(worker, one, first)
        prove(worker, two, second)

    def swap(session: psycopg.Connection, number: int) -> None:
        session.execute("set role telephony_worker")
        for _ in range(5):
            if number % 2:
                prove(session, one, second)
            else:
                prove(session, two, first)

    assert office.race(8, swap) == [None] * 8


def test_an_organization_connects_a_number_again_after_disconnecting_it(
    office: Office,
) -> None:
    owner = office.organization()
    with office.acting("authenticated", owner.claims) as user:
        for _ in range(3):
            made = steps.connect(user, NUMBER)
            user.execute("select api.disconnect_byoc_number(%s)", (made,))
        assert steps.options(user) == []
