"""Down with numbers assigned and requests under way, and up again: nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import psycopg

from tests.database.telephony import steps
from tests.database.telephony.office import Office
from trunkline import apply, checks, rollback
from trunkline.connect import of_keywords
from trunkline.events import ignore
from trunkline.project import Project
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Server

MANAGED = "+16505550100"
OWN = "+16505550101"
BEFORE_ASSIGNMENTS = "20260220_pairs"


def kept(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    """What an organization has, whatever stands on top of it."""
    return connection.execute(
        "select phone_number, org_id, kind from phone_numbers_held"
        " union all select phone_number, org_id, status from managed_phone_numbers"
        " union all select phone_number, id, encrypted_config from org_credentials"
        " order by 1, 2, 3"
    ).fetchall()


def test_down_with_assignments_in_place_and_up_again_loses_no_number(
    server: Server, telephony: Project
) -> None:
    stage = Stage(server, telephony)
    for change in telephony.changes:
        stage.apply(replace(change, fixture=None))
    with server.connect(stage.database) as owner:
        office = Office(server, stage.database, owner)
        organization, asking = office.organization(), office.organization()
        agent, other = (
            office.agent(organization),
            office.agent(organization, "outbound"),
        )
        with (
            office.acting("authenticated", organization.claims) as user,
            office.acting("authenticated", asking.claims) as second,
            office.acting("telephony_worker") as worker,
        ):
            made = steps.provision(user, worker, organization, MANAGED)
            steps.assign(user, agent, "inbound", made)
            steps.assign(user, other, "outbound", steps.connect(user, OWN))
            steps.request(second, "under way")
        before = kept(owner)

        target = of_keywords(server.conninfo(stage.database))
        plan = rollback.plan(
            telephony, target, rollback.Selection(to=BEFORE_ASSIGNMENTS), None
        )
        down = rollback.run(telephony, target, plan, rollback.Options(), ignore)
        assert down.ok, down
        assert kept(owner) == before
        up = apply.run(telephony, target, apply.Options(), ignore)
        assert up.ok, up
        assert kept(owner) == before
        for invariant in telephony.invariants:
            for result in checks.run(owner, invariant.name, invariant.checks, ignore):
                assert not result.violations, result
        # What a rollback said it would lose, an organization writes again.
        with office.acting("authenticated", organization.claims) as user:
            steps.assign(user, agent, "inbound", made)
        with office.acting("telephony_worker") as worker:
            assert steps.routed(worker, MANAGED) == [(organization.id, agent, made)]
    server.drop(stage.database)


def test_more_numbers_than_one_batch_holds_get_their_routes(
    server: Server, telephony: Project
) -> None:
    stage = Stage(server, telephony)
    filling = "20260222_number_routes_filled"
    for change in telephony.changes:
        if change.id == filling:
            break
        stage.apply(replace(change, fixture=None))
    with server.connect(stage.database) as owner:
        organizations = [
            Office(server, stage.database, owner).organization().id for _ in range(3)
        ]
        owner.execute(
            "insert into org_credentials"
            " (org_id, provider, encrypted_config, is_active, phone_number)"
            " select (%s::uuid[])[1 + n %% 3], 'twilio',"
            " concat_ws(':', lpad(n::text, 24, '0'), repeat('0', 32), '00'),"
            " n %% 7 <> 0, case when n %% 5 <> 0 then '+1650' || 5550000 + n end"
            " from generate_series(1, 3000) as n",
            [organizations],
        )
        owner.execute("delete from number_routes")
        target = of_keywords(server.conninfo(stage.database))
        up = apply.run(telephony, target, apply.Options(to=filling), ignore)
        assert up.ok, up
        row = owner.execute("select count(*) from number_routes").fetchone()
        assert row is not None
        assert row[0] == sum(n % 7 != 0 and n % 5 != 0 for n in range(1, 3001))
    server.drop(stage.database)


def test_no_table_is_known_to_be_empty(server: Server, telephony: Project) -> None:
    """Such a table is scanned, by plans that sessions keep while it grows."""
    stage = Stage(server, telephony)
    for change in telephony.changes:
        stage.apply(replace(change, fixture=None))
    with server.connect(stage.database) as owner:
        # -1: nobody has looked.
        known = owner.execute(
            "select oid::regclass::text from pg_class"
            " where relkind = 'r' and reltuples = 0"
            " and relnamespace = any('{public,private,audit}'::regnamespace[])"
        ).fetchall()
    assert not known
    server.drop(stage.database)
