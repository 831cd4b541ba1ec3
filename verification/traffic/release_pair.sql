-- A managed number is released with its credential, until agents are assigned to
-- credentials.
--
-- since: 20260210_managed_credentials_unification
-- until: 20260221_agent_phone_assignments
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

update public.org_credentials
set is_active = false
where org_id = ':org_id' and is_managed and is_active;
\endif

commit;
