"""Each invariant of `verification/invariants` notices what it is there for.

`PLANTED` breaks each rule once, as somebody with the rights of a superuser and the
triggers off could, in a transaction that is taken back. An invariant that nobody has
seen to fail fails here: it has no line in the table.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.database.telephony.conftest import ROOT
from trunkline import checks, project
from trunkline.events import ignore
from trunkline.throwaway import Server
from trunkline.verification import Check

OFF = "set local session_replication_role = replica;"

#: The organization 46cf…, its managed number and what hangs on it, from the fixtures.
PLANTED: dict[tuple[str, str], str] = {
    (
        "one_number_one_holder",
        "an organization has one active managed number",
    ): f"""{OFF}
        drop index idx_one_active_managed_per_org;
        update managed_phone_numbers set status = 'active'
        where org_id = '46cf2995-2bee-44e3-838b-24151486fe4e';
        insert into managed_phone_numbers
        (org_id, subaccount_id, phone_number, twilio_phone_sid, status)
        select org_id, subaccount_id, '+14155550000', 'PN', 'active'
        from managed_phone_numbers where phone_number = '+14158497226'""",
    (
        "one_number_one_holder",
        "whatever is live is held by its organization",
    ): "delete from phone_numbers_held where phone_number = '+14158497226'",
    (
        "held_numbers",
        "whatever is held is in use, or being bought",
    ): """insert into phone_numbers_held (phone_number, org_id, kind)
        values ('+14155550000', '46cf2995-2bee-44e3-838b-24151486fe4e', 'managed')""",
    (
        "one_number_one_holder",
        "a number that was released lately rests, or is held anew",
    ): f"""{OFF}
        update managed_phone_numbers set status = 'released', released_at = now()
        where phone_number = '+14158497226';
        delete from phone_numbers_held where phone_number = '+14158497226'""",
    (
        "pairs",
        "an active managed number has its active managed credential",
    ): f"""{OFF}
        update org_credentials set is_active = false
        where phone_number = '+14158497226'""",
    (
        "pairs",
        "an active managed credential has its active managed number",
    ): f"""{OFF}
        update managed_phone_numbers set status = 'released'
        where phone_number = '+14158497226'""",
    (
        "routes",
        "every route says what the tables say that it is made of",
    ): f"{OFF} update agents set is_active = false",
    (
        "states",
        "whatever is in a state got there along the known steps",
    ): """delete from provisioning_transitions
        where machine = 'number' and to_state = 'active'""",
    (
        "states",
        "each machine's tables ask for every step",
    ): "alter table twilio_subaccounts disable trigger next_state",
    (
        "sealed_values",
        "whatever is in use is sealed under a key that lives",
    ): f"""{OFF} update org_data_keys set state = 'destroyed', wrapped = null""",
    (
        "sealed_values",
        "every sealed value has a known form",
    ): f"""{OFF}
        alter table org_credentials drop constraint sealed_in_a_known_form;
        update org_credentials set encrypted_config = '{{"authToken": "x"}}'
        where phone_number = '+14158497226'""",
    (
        "sealed_values",
        "no sealed value is a copy of another",
    ): f"""{OFF}
        drop index idx_org_credentials_nonce;
        update org_credentials set encrypted_config = (
            select encrypted_config from org_credentials
            where phone_number = '+14158497226'
        ), key_version = (
            select key_version from org_credentials
            where phone_number = '+14158497226'
        ) where provider = 'resend'""",
    (
        "assignments",
        "an agent's number is active, of its organization, and can do it",
    ): f"""{OFF} update org_credentials set is_active = false""",
    (
        "assignments",
        "an assignment's agent is of the same organization",
    ): f"{OFF} delete from agents",
    (
        "assignments",
        "a number is answered by one agent",
    ): f"""{OFF}
        drop index idx_agent_phone_assignments_inbound;
        insert into agent_phone_assignments (
            org_id, agent_id, direction, credential_id, can_inbound, can_outbound
        )
        select org_id, gen_random_uuid(), direction, credential_id, true, true
        from agent_phone_assignments where direction = 'inbound'""",
    (
        "suspended_accounts",
        "a number of a suspended or closed account is offered as unavailable",
    ): f"""{OFF}
        update twilio_subaccounts set status = 'suspended';
        update telephony_reasons set reason_code = 'x'
        where reason_code = 'subaccount_suspended'""",
    (
        "audit_chain",
        "the chain of every organization is whole",
    ): """alter table audit.events disable trigger all;
        delete from audit.events where (org_id, seq) = (
            select org_id, max(seq) from audit.events group by org_id limit 1
        )""",
    (
        "audit_chain",
        "no event stands without a head",
    ): """alter table audit.heads disable trigger all;
        delete from audit.heads""",
    (
        "audit_chain",
        "what the events say is there is there, and what they say is gone is gone",
    ): """insert into org_data_keys (org_id, version, state, wrapped)
        select id, 999, 'retiring', 'k1:test:' || repeat('A', 16) || ':'
        || repeat('A', 64) from organizations limit 1;
        alter table org_data_keys disable trigger audited;
        delete from org_data_keys where version = 999""",
    (
        "audit_chain",
        "whatever the log and what it watches hang on fires always",
    ): "alter table org_credentials enable trigger audited",
    (
        "audit_chain",
        "no sealed value stands in the log",
    ): """create or replace function private.redact(facts jsonb) returns jsonb
        language sql immutable set search_path = '' return facts;
        insert into org_credentials (org_id, provider, encrypted_config)
        select id, 'resend', repeat('0a', 12) || ':' || repeat('0', 32) || ':00'
        from organizations limit 1""",
    (
        "identity",
        "whose a row is, and which it is, is guarded in every table that says it",
    ): "create table t (org_id uuid, created_at timestamptz)",
    (
        "identity",
        "no trigger is switched off",
    ): "alter table agents disable trigger all",
    ("tables", "every table has a primary key"): "create table private.t (a int)",
    (
        "tables",
        "the key of every table of organizations begins with the organization",
    ): "create table private.t (org_id uuid, a int, primary key (a, org_id))",
    (
        "tables",
        "a foreign key between tables of organizations carries the organization",
    ): """create table private.t (
            org_id uuid, sid text references twilio_subaccounts (twilio_account_sid)
        )""",
    (
        "tables",
        "row-level security is enabled and forced on every table",
    ): "alter table organizations no force row level security",
    (
        "tables",
        "every table has a policy, so that row-level security is meant",
    ): "drop policy organizations_service_role on organizations",
    (
        "tables",
        "only plain tables and views stand where callers look",
    ): "create materialized view api.m as select 1",
    (
        "indexes",
        "every foreign key has an index",
    ): "drop index idx_org_feature_flags_flag_key",
    (
        "indexes",
        "no two indexes do the same",
    ): "create index again on phone_numbers_held (org_id)",
    (
        "indexes",
        "every index can be used",
    ): """update pg_index set indisvalid = false
        where indexrelid = 'idx_phone_numbers_held_org'::regclass""",
    (
        "indexes",
        "every constraint is validated",
    ): "alter table agents add constraint c check (name <> '') not valid",
    (
        "policies",
        "a policy asks once for the organization, not for every row",
    ): """alter policy org_credentials_select_own_org on org_credentials
        using (org_id = private.current_org_id())""",
    (
        "policies",
        "no policy trusts what users can write into their claims",
    ): """alter policy org_credentials_select_own_org on org_credentials using (
            org_id::text = (
                select current_setting('request.jwt.claims')::json
                -> 'user_metadata' ->> 'org_id'
            )
        )""",
    (
        "policies",
        "for each role and command there is one policy, not several to be joined",
    ): "create policy p on org_credentials for select to authenticated using (false)",
    (
        "policies",
        "no policy says yes to every row, but for our own roles and what all may read",
    ): "alter policy org_credentials_select_own_org on org_credentials using (true)",
    (
        "functions",
        "every function finds names without a search path",
    ): "alter function api.feature_enabled(text) reset all",
    (
        "functions",
        "no body looks for a type where a temporary one would be found first",
    ): """create function private.careless() returns boolean language plpgsql
        set search_path = '' as $$ begin return 'x'::text = 'y'; end $$""",
    (
        "functions",
        "no function is for everybody",
    ): "grant execute on function private.redact(jsonb) to public",
    (
        "functions",
        "nobody who signs in executes a function with the rights of its owner",
    ): "grant execute on function worker.reap_leases() to authenticated",
    (
        "functions",
        "a new function is for nobody",
    ): "alter default privileges grant execute on functions to public",
    (
        "exposure",
        "whoever signs in selects no sealed value, key, account or metadata",
    ): "grant select (encrypted_config) on org_credentials to authenticated",
    (
        "exposure",
        "whoever signs in writes into no table, and anon into nothing at all",
    ): "grant update (is_active) on org_credentials to authenticated",
    (
        "exposure",
        "nobody but an owner empties a table or hangs a trigger on it",
    ): "grant truncate on outbox to service_role",
    (
        "exposure",
        "a view shows what its reader may see, and no more",
    ): "alter view api.agent_phone_options reset (security_invoker)",
    (
        "exposure",
        "signed-in users enter api and nothing else, and strangers nothing",
    ): "grant usage on schema private to authenticated",
    (
        "exposure",
        "nobody makes objects in our schemas",
    ): "grant create on schema public to service_role",
    (
        "exposure",
        "no column holds a type that stands in the way of an upgrade",
    ): "create table private.t (a regproc)",
    (
        "names_and_reasons",
        "no name was made up by the server",
    ): "alter table org_limits add check (max_byoc_numbers < 1000)",
    (
        "names_and_reasons",
        "an index is named for its table, or for the rule that it carries",
    ): "create index on phone_numbers_held (since)",
    (
        "names_and_reasons",
        "whatever embodies a rule says why",
    ): "comment on trigger audited on org_credentials is null",
    (
        "columns",
        "every column has a value, but for those written here",
    ): "alter table number_routes alter column phone_number drop not null",
    (
        "columns",
        "a new row starts as it is written here",
    ): "alter table outbox alter column attempts set default 1",
    (
        "columns",
        "a column says what it means, but for those written here, whose name says it",
    ): "comment on column org_credentials.is_managed is null",
    (
        "rights",
        "everybody may do with tables and views what is written here, and nothing else",
    ): "revoke select on api.features from authenticated",
    (
        "rights",
        "a function is for those whom its schema is for, or for whom is written here",
    ): "grant execute on function audit.verify_chain(uuid) to authenticated",
    (
        "rights",
        "everybody enters the schemas that are written here, and no other",
    ): "grant usage on schema audit to service_role",
    (
        "structure",
        "row-level security lets everybody to the rows that are written here",
    ): "drop policy org_credentials_select_own_org on org_credentials",
    (
        "structure",
        "what is looked up is found by an index",
    ): "drop index idx_outbox_waiting",
    (
        "structure",
        "a word is one of those that are known",
    ): "alter table outbox drop constraint topic_is_known",
    (
        "structure",
        "an index that finds some rows only says what for",
    ): "comment on index idx_outbox_waiting is null",
    (
        "structure",
        "what an organization has goes with it",
    ): "alter table outbox drop constraint outbox_org_id_fkey",
    (
        "structure",
        "the time of an update is written, and nobody writes it by hand",
    ): "alter function set_updated_at() stable",
}

INVARIANTS = {
    (invariant.name, check.sentence): check
    for invariant in project.load(ROOT).invariants
    for check in invariant.checks
}


@pytest.fixture(scope="module")
def whole(server: Server, template: str) -> Iterator[psycopg.Connection]:
    """A telephony database on which everything holds."""
    copy = server.create(template=template)
    with server.connect(copy) as owner:
        yield owner
    server.drop(copy)


def noticed(connection: psycopg.Connection, name: str, check: Check) -> bool:
    (result,) = checks.run(connection, name, [check], ignore)
    assert result.error is None
    return bool(result.violations)


def test_every_invariant_is_seen_to_fail() -> None:
    assert INVARIANTS.keys() == PLANTED.keys()


@pytest.mark.parametrize(
    ("name", "sentence"), INVARIANTS, ids=[": ".join(key) for key in INVARIANTS]
)
def test_an_invariant_holds_and_notices_what_breaks_it(
    whole: psycopg.Connection, name: str, sentence: str
) -> None:
    check = INVARIANTS[name, sentence]
    assert not noticed(whole, name, check)
    with whole.transaction(force_rollback=True):
        whole.execute(PLANTED[name, sentence].encode())
        assert noticed(whole, name, check)
