-- check after: every credential says whether it is active
select
    c.id::text as subject,
    'is_active is null' as detail
from public.org_credentials as c
where c.is_active is null;
