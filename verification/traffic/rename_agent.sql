-- An administrator gives an agent another name, as long as users write tables.
--
-- since: 20260209_telephony_baseline
-- until: 20260227_users_read_through_api
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

update public.agents
set name = 'Reception ' || :client_id
where role = 'inbound' and org_id = public.auth_org_id();
\endif

commit;
