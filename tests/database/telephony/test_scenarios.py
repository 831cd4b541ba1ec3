"""The three scenarios, as the users and workers who would really act."""

from __future__ import annotations

import psycopg

from tests.database.telephony import steps
from tests.database.telephony.office import Office, refused

NUMBER = "+14155550199"
SENTENCE = (
    "Your organization already has a managed phone number. "
    "Release it before you provision another."
)
ONE_NUMBER = ("TP001", "one_managed_number_per_org")


def test_the_first_number_is_requested_bought_offered_assigned_and_routed(
    office: Office,
) -> None:
    organization = office.organization(subaccount=False)
    agent = office.agent(organization)
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        may = "select * from api.validate_can_provision()"
        assert user.execute(may).fetchall() == [(True, None, None, None)]
        asked, state = steps.request(user, "first")
        assert state == "queued"

        attempt = steps.claim(worker, organization)
        operation, state = steps.begin(worker, organization, asked, attempt, NUMBER)
        assert state == "intended"
        steps.finish(worker, organization, operation)
        assert steps.options(user) == []
        made = steps.complete(worker, organization, asked, attempt)

        assert user.execute(
            "select request_id, state, phone_number from api.provisioning_status"
        ).fetchall() == [(asked, "completed", NUMBER)]
        assert user.execute("select * from api.agent_phone_options").fetchall() == [
            (
                made,
                NUMBER,
                "managed",
                "(Managed)",
                f"{NUMBER} (Managed)",
                True,
                True,
                True,
                None,
            )
        ]
        assert steps.routed(worker, NUMBER) == []
        steps.assign(user, agent, "inbound", made)
        assert steps.routed(worker, NUMBER) == [(organization.id, agent, made)]


def test_a_second_number_is_refused_by_the_check_and_by_the_request(
    office: Office,
) -> None:
    organization = office.organization()
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        may = "select * from api.validate_can_provision()"
        steps.request(user, f"for {NUMBER}")
        assert user.execute(may).fetchall() == [(False, ONE_NUMBER[1], SENTENCE, None)]
        with refused(*ONE_NUMBER):
            steps.request(user, "second")

        steps.provision(user, worker, organization, NUMBER)
        assert user.execute(may).fetchall() == [
            (False, ONE_NUMBER[1], SENTENCE, NUMBER)
        ]
        with refused(*ONE_NUMBER):
            steps.request(user, "third")

        steps.release(user, NUMBER)
        assert user.execute(may).fetchall() == [(True, None, None, None)]
        steps.request(user, "fourth")


def test_of_64_racing_requests_one_wins_and_63_get_the_sentence(
    office: Office,
) -> None:
    organization = office.organization()

    def ask(session: psycopg.Connection, number: int) -> str:
        become(session, organization.claims)
        return steps.request(session, f"key {number}")[1]

    outcomes = office.race(64, ask)
    assert outcomes.count("queued") == 1
    lost = [o.diag for o in outcomes if isinstance(o, psycopg.Error)]
    assert len(lost) == 63
    assert {(d.sqlstate, d.constraint_name, d.message_primary) for d in lost} == {
        (*ONE_NUMBER, SENTENCE)
    }


def test_one_key_asked_by_many_at_once_is_one_request(office: Office) -> None:
    organization = office.organization()

    def ask(session: psycopg.Connection, _: int) -> tuple[object, str]:
        become(session, organization.claims)
        return steps.request(session, "the same")

    outcomes = office.race(16, ask)
    assert len(set(outcomes)) == 1, outcomes
    assert office.rows(
        "select count(*) from provisioning_requests where org_id = %s", organization.id
    ) == [(1,)]


def test_200_organizations_ask_at_once_and_all_win(office: Office) -> None:
    organizations = [office.organization(subaccount=False) for _ in range(200)]

    def ask(session: psycopg.Connection, number: int) -> list[str]:
        states = []
        for organization in organizations[number::40]:
            become(session, organization.claims)
            states.append(steps.request(session, "first")[1])
            session.execute("reset role")
        return states

    assert office.race(40, ask) == [["queued"] * 5] * 40


def become(session: psycopg.Connection, claimed: str) -> None:
    session.execute("select set_config('request.jwt.claims', %s, false)", (claimed,))
    session.execute("set role authenticated")


def test_managed_and_own_numbers_are_offered_and_route_side_by_side(
    office: Office,
) -> None:
    own, managed = "+14085551111", "+14158497226"
    # In the fixtures another organization has this very number.
    office.owner.execute("delete from organizations where name = 'Organization 1'")
    office.owner.execute(
        "delete from phone_numbers_held where phone_number = %s", (managed,)
    )
    organization = office.organization()
    one, two = office.agent(organization), office.agent(organization, "outbound")
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        byoc = steps.connect(user, own)
        ours = steps.provision(user, worker, organization, managed)
        assert steps.options(user) == [
            "+14085551111 (Your Twilio)",
            "+14158497226 (Managed)",
        ]
        steps.assign(user, one, "inbound", byoc)
        steps.assign(user, two, "inbound", ours)
        assert steps.routed(worker, own) == [(organization.id, one, byoc)]
        assert steps.routed(worker, managed) == [(organization.id, two, ours)]

        steps.release(user, managed)
        assert steps.routed(worker, managed) == []
        assert steps.routed(worker, own) == [(organization.id, one, byoc)]
        assert steps.options(user) == ["+14085551111 (Your Twilio)"]
    assert office.rows(
        "select agent_id, credential_id from agent_phone_assignments where org_id = %s",
        organization.id,
    ) == [(one, byoc)]
    assert office.rows(
        "select quarantined_until > now() from phone_numbers_held"
        " where phone_number = %s",
        managed,
    ) == [(True,)]
