"""Who tries to get round the doors: look-alikes, leaky functions, plans, claims."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    Organization,
    refused,
    sealed,
)

NUMBER = "+16505550100"
OWN = "+16505550101"
THEIRS = "+16505550102"
THEIR_OWN = "+16505550103"


@pytest.fixture
def two(office: Office) -> tuple[Organization, Organization]:
    """Two organizations, each with a managed number, one of its own, and an agent."""
    made = (office.organization(), office.organization())
    for organization, managed, own in zip(
        made, (NUMBER, THEIRS), (OWN, THEIR_OWN), strict=True
    ):
        office.managed(organization, managed)
        with office.acting("authenticated", organization.claims) as user:
            agent = office.agent(organization)
            steps.assign(user, agent, "inbound", steps.connect(user, own))
    return made


# What a cheap function, a plan or a count gives away.


def test_a_cheap_leaky_function_sees_only_rows_of_its_own_organization(
    office: Office, two: tuple[Organization, Organization]
) -> None:
    mine, theirs = two
    heard: list[str] = []
    with office.acting("authenticated", mine.claims) as spy:
        spy.add_notice_handler(lambda d: heard.append(d.message_primary or ""))
        spy.execute(
            "create function pg_temp.leak(value anyelement) returns boolean"
            " language plpgsql cost 0.0000001"
            " as $$ begin raise notice 'leak %', value; return true; end $$"
        )
        for relation, columns in readable(office).items():
            for column in columns:
                query = sql.SQL("select 1 from {} where pg_temp.leak({})").format(
                    sql.Identifier(*relation.split(".")), sql.Identifier(column)
                )
                try:
                    spy.execute(query)
                except errors.InsufficientPrivilege:
                    assert not relation.startswith("api."), relation
        # With the tables in reach it is row-level security that must hold.
        office.owner.execute(
            "grant usage on schema public to authenticated;"
            " grant select on all tables in schema public to authenticated"
        )
        for table in ("org_credentials", "twilio_subaccounts", "managed_phone_numbers"):
            spy.execute(
                sql.SQL("select 1 from public.{} where pg_temp.leak(org_id)").format(
                    sql.Identifier(table)
                )
            )
    told = "\n".join(heard)
    assert NUMBER in told
    assert OWN in told
    for secret in (THEIRS, THEIR_OWN, str(theirs.id)):
        assert secret not in told


def readable(office: Office) -> dict[str, list[str]]:
    """What signed-in users may select, with its columns."""
    return dict(
        office.rows(
            "select relnamespace::regnamespace || '.' || relname,"
            " array_agg(attname::text) from pg_class"
            " inner join pg_attribute on attrelid = pg_class.oid and attnum > 0"
            " where relnamespace = any ('{public,api,private,audit}'::regnamespace[])"
            " and relkind in ('r', 'v') and not attisdropped"
            " and has_column_privilege('authenticated', attrelid, attnum, 'select')"
            " group by 1"
        )
    )


def test_plans_and_counts_do_not_change_with_another_organizations_rows(
    office: Office,
) -> None:
    mine, theirs = office.organization(), office.organization()
    office.managed(mine, NUMBER)
    asked = [
        "explain (analyze, costs off, timing off, summary off, buffers off)"
        " table api.agent_phone_options",
        "explain table api.agent_phone_options",
        "select count(*) from api.agent_phone_options",
        "select count(*) from api.provisioning_status",
    ]
    with office.acting("authenticated", mine.claims) as user:

        def told() -> list[list[tuple[Any, ...]]]:
            return [user.execute(query.encode()).fetchall() for query in asked]

        with office.acting("authenticated", theirs.claims) as other:
            # Any plan shows how many pages an index has as a whole. This one's second
            # comes with a few more numbers, and a third would need many.
            for digit in range(9):
                steps.connect(other, f"+1650555020{digit}")
            before = told()
            for digit in range(9):
                steps.connect(other, f"+1650555021{digit}")
            steps.request(other, "key")
        assert told() == before
        assert str(theirs.id) not in str(before)


def test_statistics_of_tables_are_not_for_users(
    office: Office, two: tuple[Organization, Organization]
) -> None:
    """pg_stats would show the most common numbers and organizations."""
    office.owner.execute("analyze")
    with office.acting("authenticated", two[0].claims) as user:
        assert (
            steps.answer(
                user,
                "select count(*) from pg_stats"
                " where schemaname in ('public', 'private', 'audit')",
            )
            == 0
        )


def test_a_join_does_not_reach_into_another_organization(
    office: Office, two: tuple[Organization, Organization]
) -> None:
    mine, _ = two
    with office.acting("authenticated", mine.claims) as user:
        assert user.execute(
            "select count(*), count(distinct o.phone_number)"
            " from api.agent_phone_options as o"
            " cross join api.agent_phone_options as other"
        ).fetchall() == [(4, 2)]


# Claims.


@pytest.mark.parametrize(
    "claimed",
    [
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "{}",
        '{"app_metadata": {}}',
        '{"app_metadata": {"org_id": ""}}',
        '{"app_metadata": {"org_id": "x"}}',
        '{"app_metadata": {"org_id": "\\u0000"}}',
        '{"app_metadata": {"org_id": {"org_id": "x"}}}',
        '{"sub": "x"}',
        '{"exp": 1e1000000}',
        "[" * 1_000_000,
        '{"app_metadata": {"org_id": "' + "x" * 10_000_000 + '"}}',
    ],
)
def test_without_claims_that_name_an_organization_there_is_a_sentence(
    office: Office, claimed: str
) -> None:
    with office.acting("authenticated", claimed) as user:
        assert user.execute("table api.agent_phone_options").fetchall() == []
        assert user.execute(
            "select can_provision, reason_code from api.validate_can_provision()"
        ).fetchall() == [(False, "no_organization")]
        assert steps.answer(user, "select api.feature_enabled('x')") is False
        with refused("TP002", "no_organization"):
            steps.request(user, "key")


def test_claims_at_another_place_count_for_nothing(
    office: Office, two: tuple[Organization, Organization]
) -> None:
    mine, _ = two
    for claimed in (
        {"sub": str(mine.admin), "org_id": str(mine.id)},
        {"sub": str(mine.admin), "user_metadata": {"org_id": str(mine.id)}},
        {"sub": str(mine.admin), "app_metadata": {"ORG_ID": str(mine.id)}},
    ):
        with office.acting("authenticated", json.dumps(claimed)) as user:
            assert steps.options(user) == []


def test_a_removed_member_reads_until_his_token_ends_and_writes_nothing(
    office: Office, two: tuple[Organization, Organization]
) -> None:
    mine, _ = two
    with office.acting("authenticated", mine.claims) as user:
        steps.release(user, NUMBER)
        office.owner.execute(
            "delete from user_org_roles where user_id = %s", (mine.admin,)
        )
        with refused("TP003", "not_a_member"):
            steps.request(user, "key")


def test_a_sealed_value_does_not_move_between_rows_or_organizations(
    office: Office, two: tuple[Organization, Organization]
) -> None:
    mine, theirs = two
    copied = office.rows(
        "select encrypted_config from org_credentials where org_id = %s", theirs.id
    )
    with office.acting("authenticated", mine.claims) as user:
        for (value,) in copied:
            with refused("TP028", "sealed_value_is_malformed"):
                user.execute(
                    "select api.connect_byoc_number('+16505550107',"
                    " 'AC' || repeat('0', 32), %s)",
                    (value,),
                )
    with refused("TP020", "secret_is_fixed"):
        office.owner.execute(
            "update org_credentials set encrypted_config = %s"
            " where org_id = %s and phone_number = %s",
            (sealed(), mine.id, OWN),
        )


def test_an_agent_of_one_is_never_given_a_number_of_another(
    office: Office, two: tuple[Organization, Organization]
) -> None:
    mine, theirs = two
    (agent,), (other_agent,) = (
        office.rows("select id from agents where org_id = %s", o.id)[0]
        for o in (mine, theirs)
    )
    ((foreign,),) = office.rows(
        "select id from org_credentials where phone_number = %s", THEIR_OWN
    )
    with office.acting("authenticated", mine.claims) as user:
        with refused("TP012", "credential_not_found"):
            steps.assign(user, agent, "inbound", foreign)
        with refused("TP013", "agent_not_found"):
            steps.assign(user, other_agent, "inbound", foreign)
        with refused("TP012", "credential_not_found"):
            user.execute("select api.disconnect_byoc_number(%s)", (foreign,))
        with refused("TP010", "number_not_found"):
            steps.release(user, THEIRS)
        said = []
        for unknown in (foreign, uuid4()):
            with pytest.raises(psycopg.Error) as caught:
                steps.assign(user, agent, "inbound", unknown)
            said.append(str(caught.value).replace(str(unknown), "it"))
        assert said[0] == said[1]
