-- An administrator opens the phone page and gives the managed number back.
--
-- since: 20260225_release_managed_number
-- weight: 1

begin;

-- Somebody whose organization has a number.
select
    count(*) as found,
    max(one.claims) as claims
from (
    select
        jsonb_build_object(
            'sub', m.user_id, 'app_metadata', jsonb_build_object('org_id', m.org_id)
        )::text as claims
    from public.user_org_roles as m
    inner join public.organizations as o
        on m.org_id = o.id
    inner join public.managed_phone_numbers as n
        on
            o.id = n.org_id
            and n.status = 'active'
    where m.role = 'admin'
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
set local role authenticated;
set local request.jwt.claims = ':claims';

select
    count(v.existing_number) as found,
    max(v.existing_number) as phone_number
from api.validate_can_provision() as v \gset
\endif

\if :found
select api.release_managed_number(':phone_number');
\endif

commit;
