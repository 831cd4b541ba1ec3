-- The phone page shows the managed number and the state of its account.
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
    n.phone_number,
    n.status,
    n.number_type,
    s.status as subaccount_status
from public.managed_phone_numbers as n
inner join public.twilio_subaccounts as s
    on n.subaccount_id = s.id
where n.status in ('provisioning', 'active');
\endif

commit;
