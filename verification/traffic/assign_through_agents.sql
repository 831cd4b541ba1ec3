-- The agent page of before wrote the phone of the managed number into the agent.
--
-- since: 20260209_telephony_baseline
-- until: 20260225_assign_phone_number
-- weight: 1

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
    where m.role = 'admin'
    order by random()
    limit 1
) as one \gset

\if :found
set local role authenticated;
set local request.jwt.claims = ':claims';

update public.agents as a
set vapi_phone_number_id = n.vapi_phone_id
from public.managed_phone_numbers as n
where
    a.org_id = n.org_id
    and a.role = 'inbound'
    and n.org_id = public.auth_org_id()
    and n.status = 'active';
\endif

commit;
