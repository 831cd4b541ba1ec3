-- The backend looks every day whether a provider still takes a credential.
--
-- since: 20260209_telephony_baseline
-- weight: 2

begin;

set local role service_role;

update public.org_credentials as c
set
    last_verified_at = now(),
    verification_error = null
from (
    select
        o.org_id,
        o.id
    from public.org_credentials as o
    where o.is_active and o.provider <> 'twilio'
    order by random()
    limit 1
    for update skip locked
) as due
where c.org_id = due.org_id and c.id = due.id;

commit;
