-- The page asks which features are on.
--
-- since: 20260223_feature_enabled
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
    api.feature_enabled('managed_telephony') as managed_telephony,
    api.feature_enabled('outbound_sms') as outbound_sms;
\endif

commit;
