-- The settings page shows which accounts an organization has connected.
--
-- since: 20260209_telephony_baseline
-- until: 20260227_users_read_through_api
-- weight: 4

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
    c.id,
    c.provider,
    c.is_active,
    c.connected_email,
    c.last_verified_at,
    c.verification_error
from public.org_credentials as c
where c.org_id = public.auth_org_id()
order by c.created_at;
\endif

commit;
