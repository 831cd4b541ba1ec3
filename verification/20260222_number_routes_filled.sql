-- check after: every active credential with a number has its route
select
    c.id as subject,
    'has no route' as detail
from public.org_credentials as c
left join public.number_routes as r
    on
        c.org_id = r.org_id
        and c.id = r.credential_id
where
    c.is_active
    and c.phone_number is not null
    and r.credential_id is null;
