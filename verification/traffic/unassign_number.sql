-- An administrator takes the number from an agent.
--
-- since: 20260225_assign_phone_number
-- weight: 1

begin;

-- Somebody who looks at an agent with a number.
select
    count(*) as found,
    max(one.agent_id::text) as agent_id,
    max(one.claims) as claims
from (
    select
        s.agent_id,
        jsonb_build_object(
            'sub', m.user_id, 'app_metadata', jsonb_build_object('org_id', m.org_id)
        )::text as claims
    from public.user_org_roles as m
    inner join public.organizations as o
        on m.org_id = o.id
    inner join public.agent_phone_assignments as s
        on
            o.id = s.org_id
            and s.direction = 'inbound'
    where m.role = 'admin'
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
set local role authenticated;
set local request.jwt.claims = ':claims';

select api.unassign_phone_number(':agent_id', 'inbound');
\endif

commit;
