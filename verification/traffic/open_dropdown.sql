-- The agent page offers the numbers of the organization, managed and its own.
--
-- since: 20260223_agent_phone_options
-- weight: 6

begin;

-- Somebody is signed in.
select
    count(*) as found,
    max(one.claims) as claims
from (
    select
        jsonb_build_object(
            'sub', m.user_id, 'app_metadata', jsonb_build_object('org_id', m.org_id)
        )::text as claims
    from public.user_org_roles as m
    where m.role = 'agent'
    order by random()
    limit 1
) as one \gset

\if :found
set local role authenticated;
set local request.jwt.claims = ':claims';

select
    o.credential_id,
    o.label,
    o.can_inbound,
    o.can_outbound,
    o.available,
    o.unavailable_reason
from api.agent_phone_options as o
order by o.label;
\endif

commit;
