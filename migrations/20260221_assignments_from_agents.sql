-- depends: 20260221_agent_phone_assignments
--
-- The phones that agents name become assignments.
--
-- An agent that names the phone of its organization's active managed number gets that
-- number, in the direction of its role. Names of released or unknown phones are left:
-- nothing can be reached through them.
--
-- Locks: row locks only.
-- Duration: about five seconds for each million agents.
-- Rollback: removes the assignments, those made since too.

insert into public.agent_phone_assignments (
    org_id,
    agent_id,
    direction,
    credential_id,
    can_inbound,
    can_outbound,
    created_at
)
select
    a.org_id,
    a.id,
    a.role,
    c.id,
    c.can_inbound,
    c.can_outbound,
    a.created_at
from public.agents as a
inner join public.managed_phone_numbers as n
    on
        a.org_id = n.org_id
        and a.vapi_phone_number_id = n.vapi_phone_id
        and n.status = 'active'
inner join public.org_credentials as c
    on
        n.org_id = c.org_id
        and n.phone_number = c.phone_number
        and c.is_managed
        and c.is_active
where
    (a.role = 'inbound' and c.can_inbound)
    or (a.role = 'outbound' and c.can_outbound)
on conflict do nothing;

comment on column public.agents.vapi_phone_number_id is
'What programs of before wrote; agent_phone_assignments says what holds.';
