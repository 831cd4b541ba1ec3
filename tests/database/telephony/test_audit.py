"""What happened is written down, redacted, and whoever changes it is found out."""

from __future__ import annotations

import random
from typing import LiteralString

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    Organization,
    claims,
    refused,
    sealed,
)

NUMBER = "+16505550100"
OWN = "+16505550101"
FIXED = ("TP023", "history_is_fixed")
WATCHED = [
    "agent_phone_assignments",
    "feature_flags",
    "managed_phone_numbers",
    "org_credentials",
    "org_data_keys",
    "org_feature_flags",
    "twilio_subaccounts",
]
OUTSIDERS = [
    "anon",
    "authenticated",
    "service_role",
    "telephony_worker",
    "telephony_backfill",
    "telephony_auditor",
]


def events(office: Office, organization: Organization) -> list[tuple[object, ...]]:
    return office.rows(
        "select subject, action, actor, actor_role from audit.events"
        " where org_id = %s order by seq",
        organization.id,
    )


def first_bad(office: Office, organization: Organization) -> object:
    """As the auditor sees it."""
    with office.acting("telephony_auditor") as auditor:
        return steps.answer(
            auditor, "select audit.verify_chain(%s)", str(organization.id)
        )


def test_every_step_of_a_number_is_an_event_with_whoever_took_it(
    office: Office,
) -> None:
    organization = office.organization()
    agent = office.agent(organization)
    before = len(events(office, organization))
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        made = steps.provision(user, worker, organization, NUMBER)
        steps.assign(user, agent, "inbound", made)
        steps.release(user, NUMBER)
    by_worker = (None, "telephony_worker")
    by_user = (organization.admin, "authenticated")
    assert events(office, organization)[before:] == [
        ("managed_phone_numbers", "insert", *by_worker),
        ("managed_phone_numbers", "update", *by_worker),
        ("org_credentials", "insert", *by_worker),
        ("agent_phone_assignments", "insert", *by_user),
        ("agent_phone_assignments", "delete", *by_user),
        ("org_credentials", "update", *by_user),
        ("managed_phone_numbers", "update", *by_user),
    ]
    assert first_bad(office, organization) is None


def test_keys_flags_and_accounts_are_written_down_too(office: Office) -> None:
    organization = office.organization()
    office.owner.execute(
        "insert into org_feature_flags (org_id, flag_key, enabled)"
        " values (%s, 'outbound_sms', true)",
        (organization.id,),
    )
    office.owner.execute(
        "update feature_flags set rollout_percentage = 7"
        " where flag_key = 'outbound_sms'"
    )
    assert [row[:2] for row in events(office, organization)] == [
        ("org_data_keys", "insert"),
        ("twilio_subaccounts", "insert"),
        ("org_feature_flags", "insert"),
    ]
    assert office.rows(
        "select changes -> 'rollout_percentage' ->> 1 from audit.events"
        " where subject = 'feature_flags' order by seq desc limit 1"
    ) == [("7",)]


def test_no_table_that_must_be_watched_is_not(office: Office) -> None:
    # 4, 8, 16: at insert, delete and update.
    assert office.rows(
        "select tgrelid::regclass::text, sum(tgtype & 28) from pg_trigger"
        " where tgname in ('audited', 'audited_inserts') group by 1 order by 1"
    ) == [(table, 28) for table in WATCHED]


def add_keys(session: psycopg.Connection, keys: list[tuple[Organization, int]]) -> None:
    """Data keys of these versions, in one statement."""
    session.execute(
        "insert into org_data_keys (org_id, version, state, wrapped)"
        " select k.org_id, k.version, 'retiring', k.wrapped"
        " from unnest(%s::uuid[], %s::int[], %s::text[])"
        " as k (org_id, version, wrapped)",
        (
            [organization.id for organization, _ in keys],
            [version for _, version in keys],
            ["k1:test:" + sealed().split(":", 2)[2] for _ in keys],
        ),
    )


def test_what_one_statement_inserts_is_told_in_its_order(office: Office) -> None:
    one, other = office.organization(), office.organization()
    add_keys(office.owner, [(one, 9), (other, 4), (one, 7), (one, 8), (other, 3)])
    for organization, versions in ((one, [1, 9, 7, 8]), (other, [1, 4, 3])):
        assert office.rows(
            "select (changes -> 'version')::int, (row_key -> 'version')::int"
            " from audit.events where org_id = %s and subject = 'org_data_keys'"
            " order by seq",
            organization.id,
        ) == [(version, version) for version in versions]
        assert first_bad(office, organization) is None
    add_keys(office.owner, [])
    assert first_bad(office, one) is None


def test_statements_that_insert_for_the_same_organizations_take_turns(
    office: Office,
) -> None:
    organizations = [office.organization(keys=0, subaccount=False) for _ in range(20)]

    def act(session: psycopg.Connection, number: int) -> None:
        mixed = random.sample(organizations, len(organizations))
        add_keys(session, [(organization, number + 1) for organization in mixed])

    assert office.race(8, act) == [None] * 8
    for organization in organizations:
        assert len(events(office, organization)) == 8
        assert first_bad(office, organization) is None


def test_sealed_values_are_fingerprints_in_the_log(office: Office) -> None:
    organization = office.organization(keys=2)
    secrets = [sealed(1), sealed(2)]
    with office.acting("authenticated", organization.claims) as user:
        made = steps.answer(
            user,
            "select api.connect_byoc_number(%s, 'AC' || repeat('a', 32), %s)",
            OWN,
            secrets[0],
        )
    office.owner.execute(
        "update org_credentials set encrypted_config = %s where id = %s",
        (secrets[1], made),
    )
    text = str(
        office.rows(
            "select e::text from audit.events as e where org_id = %s", organization.id
        )
    )
    assert text.count("sealed, ") >= 3
    kept = [
        wrapped
        for (wrapped,) in office.rows(
            "select wrapped from org_data_keys where org_id = %s", organization.id
        )
    ]
    for secret in (*secrets, *kept):
        assert secret not in text
        assert secret.split(":")[-1] not in text


CHANGES: list[LiteralString] = [
    "update audit.events set action = 'delete'",
    "delete from audit.events",
    "truncate audit.events",
    "update audit.heads set seq = seq - 1",
    "update audit.heads set hash = ''",
    "delete from audit.heads",
    "truncate audit.heads",
]


@pytest.mark.parametrize("replication", ["origin", "replica"])
def test_not_even_the_owner_changes_what_has_happened(
    office: Office, replication: str
) -> None:
    office.owner.execute(f"set session_replication_role = {replication}".encode())
    for statement in CHANGES:
        with refused(*FIXED):
            office.owner.execute(statement)


@pytest.mark.parametrize("role", OUTSIDERS)
def test_no_role_changes_what_has_happened_or_switches_triggers_off(
    office: Office, role: str
) -> None:
    with office.acting(role) as session:
        for statement in ("set session_replication_role = replica", *CHANGES):
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(statement)


@pytest.mark.parametrize("replication", ["origin", "replica"])
def test_what_is_watched_is_not_emptied_and_changes_in_no_silence(
    office: Office, replication: str
) -> None:
    organization = office.organization()
    office.owner.execute(f"set session_replication_role = {replication}".encode())
    for table in WATCHED:
        with refused(*FIXED):
            office.owner.execute(
                sql.SQL("truncate {} cascade").format(sql.Identifier(table))
            )
    before = len(events(office, organization))
    office.owner.execute(
        "update twilio_subaccounts set friendly_name = 'Other' where org_id = %s",
        (organization.id,),
    )
    add_keys(office.owner, [(organization, 2)])
    assert len(events(office, organization)) == before + 2


def test_every_watch_is_kept_in_replica_mode(office: Office) -> None:
    """Any one table that it reaches refuses a truncation that cascades."""
    watches = office.rows(
        "select tgrelid::regclass::text, tgname, tgenabled from pg_trigger"
        " where tgname like 'audited%' and not tgisinternal"
    )
    assert {table for table, _, _ in watches} == set(WATCHED)
    assert not [watch for watch in watches if watch[2] != "A"]


FORGERIES: dict[LiteralString, tuple[LiteralString, int | None]] = {
    "an event is edited": (
        "update audit.events set changes = '{}' where org_id = %s and seq = 2",
        2,
    ),
    "an event is edited and its hash made anew": (
        "update audit.events as e set actor_role = 'anon', hash = audit.event_hash("
        " row(e.org_id, e.seq, e.at, e.actor, 'anon'::name, e.subject, e.action,"
        " e.row_key, e.changes, e.previous_hash, e.hash)::audit.events)"
        " where org_id = %s and seq = 2",
        3,
    ),
    "an event in the middle is taken out": (
        "delete from audit.events where org_id = %s and seq = 2",
        2,
    ),
    "the first is taken out": (
        "delete from audit.events where org_id = %s and seq = 1",
        1,
    ),
    "the tail is cut off": (
        "delete from audit.events where org_id = %s and seq = 3",
        3,
    ),
    "all are taken out": ("delete from audit.events where org_id = %s", 1),
    "one is added behind": (
        "insert into audit.events select org_id, 4, at, actor, actor_role, subject,"
        " action, row_key, changes, hash, hash from audit.events"
        " where org_id = %s and seq = 3",
        4,
    ),
    "the head goes back with the tail, and keeps its hash": (
        "with gone as (delete from audit.events where org_id = %s and seq = 3"
        " returning org_id) update audit.heads as h set seq = 2 from gone"
        " where h.org_id = gone.org_id",
        3,
    ),
}


@pytest.mark.parametrize(("forge", "bad"), FORGERIES.values(), ids=FORGERIES)
def test_whoever_gets_past_the_triggers_is_found_out(
    office: Office, forge: LiteralString, bad: int | None
) -> None:
    organization, other = office.organization(keys=2), office.organization(keys=2)
    assert len(events(office, organization)) == 3
    for table in ("audit.events", "audit.heads"):
        office.owner.execute(f"alter table {table} disable trigger all".encode())
    office.owner.execute(forge, (organization.id,))
    assert first_bad(office, organization) == bad
    assert first_bad(office, other) is None


def test_events_of_one_organization_written_at_once_are_one_chain(
    office: Office,
) -> None:
    organization = office.organization()
    agents = [office.agent(organization, f"role {n}") for n in range(12)]
    made = office.managed(organization, NUMBER)
    before = len(events(office, organization))

    def act(session: psycopg.Connection, number: int) -> None:
        session.execute(
            "select set_config('request.jwt.claims', %s, false)",
            (claims(organization.admin, organization.id),),
        )
        session.execute("set role authenticated")
        steps.assign(session, agents[number], "outbound", made)

    assert office.race(12, act) == [None] * 12
    assert len(events(office, organization)) == before + 12
    assert first_bad(office, organization) is None


def test_a_rolled_back_change_leaves_no_event_and_no_gap(office: Office) -> None:
    organization = office.organization()
    before = events(office, organization)
    with office.owner.transaction(force_rollback=True):
        office.managed(organization, NUMBER)
    assert events(office, organization) == before
    office.managed(organization, NUMBER)
    assert first_bad(office, organization) is None


def test_the_events_outlive_the_organization(office: Office) -> None:
    organization = office.organization()
    office.owner.execute("delete from organizations where id = %s", (organization.id,))
    assert {row[:2] for row in events(office, organization)[-2:]} == {
        ("org_data_keys", "delete"),
        ("twilio_subaccounts", "delete"),
    }
    assert first_bad(office, organization) is None
