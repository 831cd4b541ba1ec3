-- The phone page asks whether a managed number may be requested, and what became of
-- requests.
--
-- since: 20260223_validate_can_provision
-- weight: 3

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
    v.can_provision,
    v.reason,
    v.existing_number
from api.validate_can_provision() as v;

select
    p.state,
    p.phone_number,
    p.reason
from api.provisioning_status as p
order by p.created_at desc;
\endif

commit;
