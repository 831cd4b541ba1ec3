-- The page asks which features are on.
--
-- since: 20260209_telephony_baseline
-- until: 20260227_users_read_through_api
-- weight: 2

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
    f.flag_key,
    coalesce(o.enabled, f.enabled_globally, false) as enabled
from public.feature_flags as f
left join public.org_feature_flags as o
    on f.flag_key = o.flag_key;
\endif

commit;
