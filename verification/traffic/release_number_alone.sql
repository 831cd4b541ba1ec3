-- The release of before: the number is given back, nothing else.
--
-- since: 20260209_telephony_baseline
-- until: 20260210_managed_credentials_unification
-- weight: 1

begin;

-- An organization that has a number.
select
    count(*) as found,
    max(one.id::text) as org_id
from (
    select o.id
    from public.organizations as o
    inner join public.managed_phone_numbers as n
        on o.id = n.org_id
    where n.status = 'active'
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
set local role service_role;

update public.managed_phone_numbers
set
    status = 'released',
    released_at = now()
where org_id = ':org_id' and status = 'active';
\endif

commit;
