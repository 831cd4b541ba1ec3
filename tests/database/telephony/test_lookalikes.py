"""Whoever makes temporary objects that look like ours gets nothing by them.

For tables and types a temporary schema is searched before every other, also by a
function without a search path. So our functions name both with their schema.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    account_sid,
    claims,
    credential,
    refused,
    sealed,
)

NUMBER = "+16505550100"
OWN = "+16505550101"
THEIRS = "+16505550102"

TABLES = """
    create temp table organizations (like pg_class);
    create temp table org_credentials (org_id uuid, id uuid, phone_number text,
        is_managed boolean, is_active boolean, encrypted_config text, provider text);
    create temp table user_org_roles (user_id uuid, org_id uuid, role text);
    create temp table phone_numbers_held (phone_number text, org_id uuid, kind text);
    create temp table telephony_reasons (reason_code text, message text);
    create function pg_temp.current_org_id() returns uuid language sql
        as $$ select '{theirs}'::uuid $$;
    create function pg_temp.hijack(text, text) returns boolean language sql
        as $$ select true $$;
    create operator pg_temp.= (leftarg = text, rightarg = text,
        function = pg_temp.hijack);
    insert into user_org_roles values ('{user}', '{theirs}', 'admin');
    insert into org_credentials values ('{theirs}', gen_random_uuid(), '+1999', true,
        true, 'x', 'twilio');
    set search_path = pg_temp, public, private, api, worker;
"""

#: A domain for every type, whose check runs the thief's code as whoever looks it up.
TYPES = """
    create function pg_temp.taken(anyelement) returns boolean language plpgsql
    as $$
    begin
        if current_user <> '{role}' then
            raise exception 'in the hands of {role}: the rights of %', current_user;
        end if;
        return true;
    end
    $$;
    do $$
    declare
        looked_for record;
    begin
        for looked_for in
            select t.typname from pg_catalog.pg_type as t
            where t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
            and t.typtype = 'b' and t.typname !~ '^_|^pg_'
        loop
            execute pg_catalog.format(
                'create domain pg_temp.%1$I as pg_catalog.%1$I'
                ' check (pg_temp.taken(value))',
                looked_for.typname
            );
        end loop;
    end
    $$;
    create domain pg_temp.record as pg_catalog.int4 check (pg_temp.taken(value));
"""


@pytest.mark.parametrize("role", ["authenticated", "telephony_worker"])
def test_temporary_objects_do_not_take_the_place_of_ours(
    office: Office, role: str
) -> None:
    mine, theirs = office.organization(), office.organization()
    office.managed(mine, NUMBER)
    hijack = TABLES.format(theirs=theirs.id, user=mine.admin).encode()
    with office.acting(role, claims(mine.admin, theirs.id)) as thief:
        thief.execute(hijack)
        if role == "authenticated":
            for write in (
                "select api.release_managed_number('+16505550102')",
                "select api.connect_byoc_number('+16505550109', 'AC', 'x')",
                "select api.request_managed_number('k', 'US', 'local')",
            ):
                with refused("TP003", "not_a_member"):
                    thief.execute(write.encode())
            with office.acting("authenticated", mine.claims) as user:
                user.execute(hijack)
                assert steps.options(user) == [f"{NUMBER} (Managed)"]
                assert (
                    steps.answer(
                        user, "select existing_number from api.validate_can_provision()"
                    )
                    == NUMBER
                )
        else:
            agent = office.agent(theirs)
            with office.acting("authenticated", theirs.claims) as user:
                steps.assign(user, agent, "inbound", steps.connect(user, THEIRS))
            assert [row[0] for row in steps.routed(thief, THEIRS)] == [theirs.id]
            assert steps.routed(thief, "+1999999999") == []


@contextmanager
def hijacking(office: Office, role: str, claimed: str = "") -> Any:
    """A session that has a look-alike of every type of the server."""
    with office.acting(role, claimed) as thief:
        thief.execute(TYPES.format(role=role).encode())
        yield thief


def test_no_type_of_a_user_is_looked_up_with_the_rights_of_the_owner(
    office: Office,
) -> None:
    """All that users and workers do, in sessions with a look-alike of each type."""
    organization, rival = office.organization(), office.organization()
    agent = office.agent(organization)
    with (
        hijacking(office, "authenticated", organization.claims) as user,
        hijacking(office, "telephony_worker") as worker,
    ):
        managed = steps.provision(user, worker, organization, NUMBER)
        user.execute("select api.feature_enabled('managed_telephony')")
        user.execute("select * from api.validate_can_provision()")
        own = steps.connect(user, OWN)
        assert len(steps.options(user)) == 2
        steps.assign(user, agent, "inbound", own)
        steps.assign(user, agent, "outbound", managed)
        worker.execute("select * from worker.route_inbound_call(%s)", (OWN,))
        worker.execute("select * from worker.outbound_credential(%s)", (agent,))
        worker.execute(
            "select worker.connect_proved_number(%s, %s, %s, %s)",
            (rival.id, OWN, account_sid(), sealed()),
        )
        with refused("TP012", "credential_not_found"):
            user.execute("select api.disconnect_byoc_number(%s)", (own,))
        user.execute(
            "select api.disconnect_byoc_number(%s)", (steps.connect(user, THEIRS),)
        )
        user.execute("select api.unassign_phone_number(%s, 'outbound')", (agent,))
        steps.release(user, NUMBER)
        worker.execute("select worker.reap_leases()")
        ((message,), *_) = worker.execute(
            "select message_id from worker.claim_outbox(1000, '1 minute')"
        ).fetchall()
        worker.execute(
            "select worker.settle_outbox(%s, %s, true)", (organization.id, message)
        )
        asked, _ = steps.request(user, "another")
        attempt = steps.claim(worker, organization)
        worker.execute(
            "select worker.renew_lease(%s, %s, %s, '1 minute')",
            (organization.id, asked, attempt),
        )
        worker.execute(
            "select worker.fail_provisioning(%s, %s, %s, 'gave_up')",
            (organization.id, asked, attempt),
        )
        with refused("TP035", "operation_not_found"):
            worker.execute(
                "select worker.finish_operation(%s, %s, 'done')",
                (organization.id, uuid4()),
            )


def test_no_type_of_the_backend_or_the_auditor_is_looked_up_either(
    office: Office,
) -> None:
    organization = office.organization(keys=2)
    with hijacking(office, "service_role") as backend:
        backend.execute("set search_path = public")
        made = credential(backend, organization, OWN)
        for change in (
            f"update public.org_credentials set encrypted_config = '{sealed(2)}'",
            "update public.org_credentials set is_active = false",
        ):
            backend.execute(f"{change} where id = '{made}'".encode())
        assert backend.execute(
            "delete from public.org_credentials where id = %s", (made,)
        ).rowcount
    with hijacking(office, "telephony_auditor") as auditor:
        auditor.execute("select audit.verify_chain(%s)", (organization.id,))
