"""What every call and page asks is answered by index, and follows every change."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import errors

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    Organization,
    credential,
    sealed,
)

NUMBER = "+16505550100"

#: What is asked, as whom.
ASKED: dict[LiteralString, str] = {
    "select * from worker.route_inbound_call('+16505550100')": "telephony_worker",
    "select * from worker.outbound_credential(gen_random_uuid())": "telephony_worker",
    "select * from api.agent_phone_options": "authenticated",
    "select * from api.validate_can_provision()": "authenticated",
    "select * from api.provisioning_permission": "authenticated",
    "select * from api.provisioning_status": "authenticated",
}
#: Tables with a handful of rows, the same for all.
SMALL = {"telephony_reasons", "feature_flags", "number_markets"}


@pytest.mark.parametrize(("query", "role"), ASKED.items(), ids=ASKED)
def test_no_hot_path_reads_a_table_of_organizations_from_end_to_end(
    office: Office, query: LiteralString, role: str
) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    fill(office)
    with office.owner.transaction():
        office.owner.execute(
            "select set_config('request.jwt.claims', %s, true)", (organization.claims,)
        )
        before = read_whole(office)
        office.owner.execute("select set_config('role', %s, true)", (role,))
        office.owner.execute(query)
        office.owner.execute("reset role")
        assert read_whole(office) - before - SMALL == set()


def read_whole(office: Office) -> set[str]:
    """The tables that this transaction has read from end to end, whatever for."""
    found = office.rows(
        "select relname::text from pg_stat_xact_user_tables where seq_scan > 0"
    )
    return {name for (name,) in found}


@pytest.mark.parametrize("view", ["api.agent_phone_options", "api.managed_number"])
def test_what_pages_show_of_numbers_is_in_the_index(
    office: Office, view: LiteralString
) -> None:
    fill(office)
    office.owner.execute("vacuum number_routes")
    with office.owner.transaction():
        office.owner.execute("set local role authenticated")
        plan = office.rows(f"explain (costs off) select phone_number from {view}")
    assert any(
        "Index Only Scan using number_routes_pkey" in line for (line,) in plan
    ), plan


def fill(office: Office) -> None:
    """So many rows that reading a whole table is never the cheapest."""
    office.owner.execute(
        "set session_replication_role = replica;"
        " alter table org_credentials disable trigger audited_inserts;"
        " alter table agent_phone_assignments disable trigger audited_inserts;"
        " insert into organizations (id, name)"
        " select md5('o' || n)::uuid, 'Many' from generate_series(1, 5000) as n;"
        " insert into number_routes (org_id, credential_id, phone_number, is_managed,"
        " can_inbound, can_outbound, account_status)"
        " select md5('o' || n)::uuid, md5('c' || n)::uuid, '+1999' || n, true, true,"
        " true, 'active' from generate_series(1, 5000) as n;"
        " insert into org_credentials (org_id, id, provider, encrypted_config,"
        " key_version, phone_number) select md5('o' || n)::uuid, md5('c' || n)::uuid,"
        " 'twilio', 'v2:1:' || left(md5('n' || n), 16) || ':QUFB', 1, '+1999' ||"
        " 1000000 + n from generate_series(1, 5000) as n;"
        " insert into agent_phone_assignments (org_id, agent_id, direction,"
        " credential_id, can_inbound, can_outbound) select md5('o' || n)::uuid,"
        " md5('a' || n)::uuid, 'outbound', md5('c' || n)::uuid, true, true"
        " from generate_series(1, 5000) as n;"
        " insert into agents (org_id, id, role) select md5('o' || n)::uuid,"
        " md5('a' || n)::uuid, 'outbound' from generate_series(1, 5000) as n;"
        " insert into twilio_subaccounts (org_id, id, twilio_account_sid,"
        " twilio_auth_token_encrypted, key_version, friendly_name)"
        " select md5('o' || n)::uuid, md5('s' || n)::uuid, 'AC' || md5('s' || n),"
        " 'v2:1:' || left(md5('t' || n), 16) || ':QUFB', 1, 'Many'"
        " from generate_series(1, 5000) as n;"
        " insert into provisioning_requests (org_id, idempotency_key, parameters_hash,"
        " country_code, number_type) select md5('o' || n)::uuid, 'k', sha256(''), 'US',"
        " 'local' from generate_series(1, 5000) as n;"
        " insert into org_feature_flags (org_id, flag_key, enabled)"
        " select md5('o' || n)::uuid, 'managed_telephony', true"
        " from generate_series(1, 5000) as n;"
        " set session_replication_role = origin;"
    )
    office.owner.execute("analyze")


# The one row for each number follows whatever it is made of.


def route(office: Office, number: str = NUMBER) -> list[tuple[Any, ...]]:
    return office.rows(
        "select account_status, inbound_agent_id, key_version, can_outbound"
        " from number_routes where phone_number = %s",
        number,
    )


def test_a_route_follows_account_agent_key_and_credential(office: Office) -> None:
    organization = office.organization(keys=2)
    agent, other = office.agent(organization), office.agent(organization, "outbound")
    made = office.managed(organization, NUMBER)
    assert route(office) == [("active", None, 1, True)]
    with office.acting("authenticated", organization.claims) as user:
        steps.assign(user, agent, "inbound", made)
        assert route(office) == [("active", agent, 1, True)]
        office.owner.execute(
            "update agents set is_active = false where id = %s", (agent,)
        )
        assert route(office) == [("active", None, 1, True)]
        office.owner.execute(
            "update agents set is_active = true where id = %s", (agent,)
        )
        office.owner.execute(
            "update org_credentials set encrypted_config = %s where id = %s",
            (sealed(2), made),
        )
        assert route(office) == [("active", agent, 2, True)]
        office.owner.execute(
            "update twilio_subaccounts set status = 'suspended' where org_id = %s",
            (organization.id,),
        )
        assert route(office) == [("suspended", agent, 2, True)]
        user.execute("select api.unassign_phone_number(%s, 'inbound')", (agent,))
        steps.assign(user, other, "inbound", made)
        office.owner.execute("delete from agents where id = %s", (other,))
        assert route(office) == [("suspended", None, 2, True)]
        office.owner.execute(
            "update org_credentials set can_outbound = false where id = %s", (made,)
        )
        assert route(office) == [("suspended", None, 2, False)]
        steps.release(user, NUMBER)
        assert route(office) == []


def test_an_agent_who_moves_to_another_number_leaves_the_first(office: Office) -> None:
    organization = office.organization()
    agent = office.agent(organization)
    first, second = "+16505550101", "+16505550102"
    with office.acting("authenticated", organization.claims) as user:
        steps.assign(user, agent, "inbound", steps.connect(user, first))
        steps.assign(user, agent, "inbound", steps.connect(user, second))
    assert [row[1] for row in (*route(office, first), *route(office, second))] == [
        None,
        agent,
    ]


def test_sealing_anew_waits_for_neither_agent_nor_account(office: Office) -> None:
    organization = office.organization(keys=2)
    agent = office.agent(organization)
    made = office.managed(organization, NUMBER)
    with office.acting("authenticated", organization.claims) as user:
        steps.assign(user, agent, "inbound", made)
    owner = office.owner
    owner.execute("set lock_timeout = '100ms'")
    with office.server.connect(office.database) as other, other.transaction():
        other.execute("select from agents where id = %s for update", (agent,))
        other.execute(
            "select from twilio_subaccounts where org_id = %s for update",
            (organization.id,),
        )
        with pytest.raises(errors.LockNotAvailable):
            owner.execute(
                "update org_credentials set can_outbound = false where id = %s", (made,)
            )
        owner.execute(
            "update org_credentials set encrypted_config = %s where id = %s",
            (sealed(2), made),
        )
    assert route(office) == [("active", agent, 2, True)]


def test_changes_that_cross_leave_the_route_true(office: Office) -> None:
    """Key, account, agent and assignment change at once, over and over."""
    organization: Organization = office.organization(keys=9)
    agent = office.agent(organization)
    made = credential(office.owner, organization, NUMBER, encrypted_config=sealed(1))

    def reseal(session: psycopg.Connection, turn: int) -> None:
        session.execute(
            "update org_credentials set encrypted_config = %s where id = %s",
            (sealed(2 + turn), made),
        )

    def suspend(session: psycopg.Connection, turn: int) -> None:
        session.execute(
            "update twilio_subaccounts set status = %s where org_id = %s",
            (("suspended", "active")[turn % 2], organization.id),
        )

    def switch(session: psycopg.Connection, turn: int) -> None:
        session.execute(
            "update agents set is_active = %s where id = %s", (turn % 2 == 1, agent)
        )

    def assign(session: psycopg.Connection, turn: int) -> None:
        session.execute(
            "select set_config('request.jwt.claims', %s, false)", (organization.claims,)
        )
        session.execute("set role authenticated")
        if turn % 2:
            session.execute("select api.unassign_phone_number(%s, 'inbound')", (agent,))
        else:
            steps.assign(session, agent, "inbound", made)

    acts = [reseal, suspend, switch, assign]

    def act(session: psycopg.Connection, number: int) -> None:
        for turn in range(7):
            acts[number](session, turn)

    assert office.race(4, act) == [None] * 4
    assert route(office) == [("active", None, 8, True)]
