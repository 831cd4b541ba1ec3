-- depends: 20260210_managed_credentials_unification
--
-- Rooms and door keys: who calls the database, and where what they may use stands.
--
-- Signed-in users get `api`, our backend gets `worker`; `private` holds what nobody
-- calls from outside, `audit` what nobody may change. A new function is for nobody
-- until somebody is named.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing; the three roles stay, since they belong to the cluster.

-- Cluster-wide, so another database may have made them already: hence `if not exists`.
do $$
declare
    wanted text;
begin
    foreach wanted in array array[
        'telephony_worker', 'telephony_backfill', 'telephony_auditor'
    ] loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
            execute format('create role %I nologin noinherit', wanted);
        end if;
    end loop;
end
$$;

create schema api;

comment on schema api is
'All that a signed-in user gets: views and functions of the own organization.';

create schema worker;

comment on schema worker is
'What our backend gets: provisioning, routing of calls, outbound credentials.';

create schema private;

comment on schema private is
'Functions and tables that nobody calls from outside; they carry the rules.';

create schema audit;

comment on schema audit is
'What happened, append-only and hash-chained; nobody changes it.';

grant usage on schema api to authenticated;

grant usage on schema worker to telephony_worker;

grant usage on schema audit to telephony_auditor;

-- Built-in defaults grant EXECUTE to PUBLIC, and only a default without `in schema`
-- can take that away.
alter default privileges revoke execute on functions from public;
