-- depends: 20260224_complete_provisioning
--
-- Which agent answers a call, and through which credential an agent calls.
--
-- Both are asked for every call, so both are look-ups by index and nothing else.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function worker.route_inbound_call(called public.e164)
returns table (org_id uuid, agent_id uuid, credential_id uuid, key_version integer)
language plpgsql
stable
rows 1
security definer
set search_path = ''
as $$
begin
    return query
    select
        r.org_id,
        r.inbound_agent_id,
        r.credential_id,
        r.key_version
    from public.number_routes as r
    where
        r.phone_number = route_inbound_call.called
        and r.inbound_agent_id is not null;
end
$$;

comment on function worker.route_inbound_call(public.e164) is
'The organization, agent and credential for a call to this number; no row: nobody '
'answers it. key_version null: sealed in the form of before.';

grant execute on function worker.route_inbound_call(public.e164) to telephony_worker;

create function worker.outbound_credential(agent_id uuid)
returns table (
    org_id uuid,
    credential_id uuid,
    phone_number text,
    account_sid text,
    key_version integer,
    sealed_config text
)
language plpgsql
stable
rows 1
security definer
set search_path = ''
as $$
begin
    return query
    select
        c.org_id,
        c.id,
        c.phone_number,
        c.account_sid,
        c.key_version,
        c.encrypted_config
    from public.agent_phone_assignments as s
    inner join public.agents as a
        on
            s.org_id = a.org_id
            and s.agent_id = a.id
            and a.is_active is not false
    inner join public.org_credentials as c
        on
            s.org_id = c.org_id
            and s.credential_id = c.id
    left join public.twilio_subaccounts as t
        on
            c.org_id = t.org_id
            and c.is_managed
    where
        s.agent_id = outbound_credential.agent_id
        and s.direction = 'outbound'
        and coalesce(t.status = 'active', not c.is_managed);
end
$$;

comment on function worker.outbound_credential(uuid) is
'The number that an agent calls from, with its sealed credential; no row: none is '
'assigned, or its account is suspended or closed.';

grant execute on function worker.outbound_credential(uuid) to telephony_worker;
