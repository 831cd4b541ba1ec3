-- check after: every live managed number is held by its organization
select
    n.phone_number as subject,
    'live in ' || n.org_id || ', held by '
    || coalesce(h.org_id::text, 'nobody') as detail
from public.managed_phone_numbers as n
left join public.phone_numbers_held as h
    on n.phone_number = h.phone_number
where
    n.status in ('provisioning', 'active')
    and (
        (h.org_id, h.kind) is distinct from (n.org_id, 'managed')
        or h.quarantined_until is not null
    );

-- check after: every active number of a customer's own is held by its organization
select
    c.phone_number as subject,
    'live in ' || c.org_id || ', held by '
    || coalesce(h.org_id::text, 'nobody') as detail
from public.org_credentials as c
left join public.phone_numbers_held as h
    on c.phone_number = h.phone_number
where
    c.is_active
    and not c.is_managed
    and c.phone_number is not null
    and (
        (h.org_id, h.kind) is distinct from (c.org_id, 'byoc')
        or h.quarantined_until is not null
    );
