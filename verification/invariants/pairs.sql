-- since: 20260220_pairs

-- check after: an active managed number has its active managed credential
select
    n.phone_number as subject,
    format('number %s of %s has no credential', n.id, n.org_id) as detail
from public.managed_phone_numbers as n
left join public.org_credentials as c
    on
        n.org_id = c.org_id
        and n.phone_number = c.phone_number
        and c.is_managed
        and c.is_active
where n.status = 'active' and c.id is null;

-- check after: an active managed credential has its active managed number
select
    c.phone_number as subject,
    format('credential %s of %s has no number', c.id, c.org_id) as detail
from public.org_credentials as c
left join public.managed_phone_numbers as n
    on
        c.org_id = n.org_id
        and c.phone_number = n.phone_number
        and n.status = 'active'
where c.is_managed and c.is_active and n.id is null;
