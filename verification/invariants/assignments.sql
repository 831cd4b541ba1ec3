-- since: 20260221_agent_phone_assignments

-- check after: an agent's number is active, of its organization, and can do it
select
    format('agent %s %s', a.agent_id, a.direction) as subject,
    coalesce(
        format(
            'credential %s: active %s, inbound %s, outbound %s',
            c.id,
            c.is_active,
            c.can_inbound,
            c.can_outbound
        ),
        'no credential of ' || a.org_id
    ) as detail
from public.agent_phone_assignments as a
left join public.org_credentials as c
    on
        a.org_id = c.org_id
        and a.credential_id = c.id
where
    (
        c.is_active
        and case a.direction
            when 'inbound' then c.can_inbound
            when 'outbound' then c.can_outbound
        end
    ) is not true;

-- check after: an assignment's agent is of the same organization
select
    a.agent_id as subject,
    'no agent of ' || a.org_id as detail
from public.agent_phone_assignments as a
left join public.agents as g
    on
        a.org_id = g.org_id
        and a.agent_id = g.id
where g.id is null;

-- check after: a number is answered by one agent
select
    a.credential_id as subject,
    string_agg(a.agent_id::text, ', ') as detail
from public.agent_phone_assignments as a
where a.direction = 'inbound'
group by a.org_id, a.credential_id
having count(*) > 1;
