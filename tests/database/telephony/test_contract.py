"""What callers get: every name of the contract, with its arguments and columns."""

from __future__ import annotations

import pytest

from tests.database.telephony import steps
from tests.database.telephony.office import Office, account_sid, sealed

#: Function → its caller, its arguments, and what it returns.
FUNCTIONS = {
    "api.validate_can_provision": (
        "authenticated",
        "",
        "TABLE(can_provision boolean, reason_code text, reason text,"
        " existing_number text)",
    ),
    "api.request_managed_number": (
        "authenticated",
        "idempotency_key text, country text, number_type text,"
        " area_code text DEFAULT NULL::text",
        "TABLE(request_id uuid, state text)",
    ),
    "api.release_managed_number": ("authenticated", "phone_number text", "void"),
    "api.connect_byoc_number": (
        "authenticated",
        "phone_number text, account_sid text, sealed_config text,"
        " credential_id uuid DEFAULT NULL::uuid",
        "uuid",
    ),
    "api.disconnect_byoc_number": ("authenticated", "credential_id uuid", "void"),
    "api.assign_phone_number": (
        "authenticated",
        "agent_id uuid, direction text, credential_id uuid",
        "void",
    ),
    "api.unassign_phone_number": (
        "authenticated",
        "agent_id uuid, direction text",
        "void",
    ),
    "api.feature_enabled": ("authenticated", "flag_key text", "boolean"),
    "worker.claim_provisioning": (
        "telephony_worker",
        "batch integer, lease interval",
        "TABLE(org_id uuid, request_id uuid, attempt integer, country_code text,"
        " number_type text, area_code text, pinned_number text,"
        " lease_until timestamp with time zone)",
    ),
    "worker.renew_lease": (
        "telephony_worker",
        "org_id uuid, request_id uuid, attempt integer, lease interval",
        "timestamp with time zone",
    ),
    "worker.begin_operation": (
        "telephony_worker",
        "org_id uuid, request_id uuid, attempt integer, kind text,"
        " subject text DEFAULT NULL::text",
        "TABLE(operation_id uuid, state text, subject_begun text, provider_ref text)",
    ),
    "worker.finish_operation": (
        "telephony_worker",
        "org_id uuid, operation_id uuid, state text,"
        " provider_ref text DEFAULT NULL::text, detail jsonb DEFAULT NULL::jsonb",
        "void",
    ),
    "worker.complete_provisioning": (
        "telephony_worker",
        "org_id uuid, request_id uuid, attempt integer, credential_id uuid,"
        " sealed_config text, twilio_phone_sid text, vapi_phone_id text,"
        " vapi_credential_id text, twilio_account_sid text DEFAULT NULL::text,"
        " sealed_token text DEFAULT NULL::text",
        "uuid",
    ),
    "worker.fail_provisioning": (
        "telephony_worker",
        "org_id uuid, request_id uuid, attempt integer, reason_code text,"
        " retry boolean DEFAULT false",
        "void",
    ),
    "worker.reap_leases": ("telephony_worker", "", "integer"),
    "worker.route_inbound_call": (
        "telephony_worker",
        "called e164",
        "TABLE(org_id uuid, agent_id uuid, credential_id uuid, key_version integer)",
    ),
    "worker.outbound_credential": (
        "telephony_worker",
        "agent_id uuid",
        "TABLE(org_id uuid, credential_id uuid, phone_number text, account_sid text,"
        " key_version integer, sealed_config text)",
    ),
    "worker.connect_proved_number": (
        "telephony_worker",
        "org_id uuid, phone_number text, account_sid text, sealed_config text,"
        " credential_id uuid DEFAULT NULL::uuid",
        "uuid",
    ),
    "worker.claim_outbox": (
        "telephony_worker",
        "batch integer, lease interval",
        "TABLE(org_id uuid, message_id uuid, topic text, payload jsonb,"
        " attempts integer)",
    ),
    "worker.settle_outbox": (
        "telephony_worker",
        "org_id uuid, message_id uuid, delivered boolean",
        "void",
    ),
    "audit.verify_chain": ("telephony_auditor", "org_id uuid", "bigint"),
    "audit.event_hash": ("telephony_auditor", "event audit.events", "bytea"),
}

VIEWS = {
    "api.agent_phone_options": "credential_id phone_number source badge label"
    " can_inbound can_outbound available unavailable_reason",
    "api.features": "flag_key enabled",
    "api.managed_number": "phone_number refusal",
    "api.provisioning_permission": "can_provision reason_code reason existing_number",
    "api.provisioning_status": "request_id idempotency_key country number_type"
    " area_code state phone_number reason_code reason created_at updated_at",
}

NUMBER = "+14155550199"
OWN = "+14085551111"


def test_every_function_has_the_arguments_and_columns_of_the_contract(
    office: Office,
) -> None:
    found = office.rows(
        "select pronamespace::regnamespace || '.' || proname,"
        " pg_get_function_arguments(oid), pg_get_function_result(oid) from pg_proc"
        " where pronamespace = any ('{api,worker,audit}'::regnamespace[])"
    )
    assert {name: tuple(rest) for name, *rest in found} == {
        name: (arguments, result) for name, (_, arguments, result) in FUNCTIONS.items()
    }


def test_every_function_is_executed_by_its_caller_and_nobody_else(
    office: Office,
) -> None:
    roles = office.rows(
        "select pronamespace::regnamespace || '.' || proname, array_agg(rolname::text)"
        " from pg_proc cross join pg_roles"
        " where pronamespace = any ('{api,worker,audit}'::regnamespace[])"
        " and not rolsuper and rolname !~ '^pg_'"
        " and has_function_privilege(pg_roles.oid, pg_proc.oid, 'execute') group by 1"
    )
    assert dict(roles) == {name: [caller] for name, (caller, *_) in FUNCTIONS.items()}


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_the_columns_of_the_contract_and_is_read_by_users(
    office: Office, view: str
) -> None:
    organization = office.organization()
    with office.acting("authenticated", organization.claims) as user:
        read = user.execute(f"table {view}".encode())
        assert [column.name for column in read.description or ()] == VIEWS[view].split()


def test_api_has_no_view_beside_them(office: Office) -> None:
    assert {
        name
        for (name,) in office.rows(
            "select relnamespace::regnamespace || '.' || relname from pg_class"
            " where relnamespace = any ('{api,worker}'::regnamespace[])"
            " and relkind in ('r', 'v', 'm', 'p', 'f')"
        )
    } == set(VIEWS)


def test_each_is_called_with_the_names_of_its_arguments(office: Office) -> None:
    """PostgREST passes arguments by name, so the names are what clients rely on."""
    organization = office.organization()
    agent = office.agent(organization)
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("telephony_worker") as worker,
        office.acting("telephony_auditor") as auditor,
    ):
        asked, _ = user.execute(
            "select * from api.request_managed_number(idempotency_key => 'key',"
            " country => 'US', number_type => 'local', area_code => '415')"
        ).fetchall()[0]
        attempt = steps.claim(worker, organization)
        assert steps.answer(
            worker,
            "select worker.renew_lease(org_id => %s, request_id => %s, attempt => %s,"
            " lease => '1 hour') > now() + interval '50 minutes'",
            organization.id,
            asked,
            attempt,
        )
        (operation,) = worker.execute(
            "select operation_id from worker.begin_operation(org_id => %s,"
            " request_id => %s, attempt => %s, kind => 'buy_number', subject => %s)",
            (organization.id, asked, attempt, NUMBER),
        ).fetchall()[0]
        worker.execute(
            "select worker.finish_operation(org_id => %s, operation_id => %s,"
            " state => 'done', provider_ref => 'PN', detail => '{}')",
            (organization.id, operation),
        )
        managed = steps.complete(worker, organization, asked, attempt)
        own = steps.answer(
            user,
            "select api.connect_byoc_number(phone_number => %s, account_sid => %s,"
            " sealed_config => %s)",
            OWN,
            account_sid(),
            sealed(),
        )
        for direction, credential in (("inbound", own), ("outbound", managed)):
            user.execute(
                "select api.assign_phone_number(agent_id => %s, direction => %s,"
                " credential_id => %s)",
                (agent, direction, credential),
            )
        assert worker.execute(
            "select org_id, agent_id, credential_id, key_version"
            " from worker.route_inbound_call(called => %s::text)",
            (OWN,),
        ).fetchall() == [(organization.id, agent, own, 1)]
        assert worker.execute(
            "select org_id, credential_id, phone_number, key_version"
            " from worker.outbound_credential(agent_id => %s)",
            (agent,),
        ).fetchall() == [(organization.id, managed, NUMBER, 1)]
        user.execute(
            "select api.unassign_phone_number(agent_id => %s, direction => 'inbound')",
            (agent,),
        )
        assert steps.routed(worker, OWN) == []
        user.execute("select api.disconnect_byoc_number(credential_id => %s)", (own,))
        user.execute("select api.release_managed_number(phone_number => %s)", (NUMBER,))
        assert steps.options(user) == []
        assert steps.answer(
            user, "select api.feature_enabled(flag_key => 'managed_telephony')"
        )
        assert (
            steps.answer(user, "select api.feature_enabled(flag_key => 'unknown')")
            is False
        )
        told = worker.execute(
            "select org_id, message_id, topic from worker.claim_outbox("
            " batch => 1000, lease => '1 minute')"
        ).fetchall()
        mine = {
            topic: message for org, message, topic in told if org == organization.id
        }
        assert mine.keys() == {"number_ready", "release_number"}
        for message in mine.values():
            worker.execute(
                "select worker.settle_outbox(org_id => %s, message_id => %s,"
                " delivered => true)",
                (organization.id, message),
            )
        assert steps.answer(worker, "select worker.reap_leases()") >= 0
        assert (
            steps.answer(
                auditor,
                "select audit.verify_chain(org_id => %s)",
                organization.id,
            )
            is None
        )


@pytest.mark.parametrize(
    ("percentage", "enabled"), [(0, 0), (1, 10), (50, 500), (100, 1000)]
)
def test_a_roll_out_means_what_it_says(
    office: Office, percentage: int, enabled: int
) -> None:
    """1 % was half of all organizations, since the hash had a sign."""
    found = office.rows(
        "select count(*) filter (where private.rollout_bucket('flag',"
        " md5('org ' || n)::uuid) < %s) from generate_series(1, 1000) as n",
        percentage,
    )[0][0]
    assert found == enabled if percentage in (0, 100) else abs(found - enabled) < 40


@pytest.mark.parametrize("percentage", [0, 1, 50, 100])
def test_users_get_the_feature_exactly_when_their_bucket_is_below_the_percentage(
    office: Office, percentage: int
) -> None:
    office.owner.execute(
        "update feature_flags set enabled_globally = true, rollout_percentage = %s"
        " where flag_key = 'managed_telephony'",
        (percentage,),
    )
    asked = "select api.feature_enabled('managed_telephony')"
    for _ in range(5):
        organization = office.organization(subaccount=False)
        with office.acting("authenticated", organization.claims) as user:
            enabled = steps.answer(user, asked)
        ((bucket,),) = office.rows(
            "select private.rollout_bucket('managed_telephony', %s)", organization.id
        )
        assert 0 <= bucket <= 99
        assert enabled == (bucket < percentage)
