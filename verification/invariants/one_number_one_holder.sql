-- since: 20260219_numbers_held_filled

-- check after: an organization has one active managed number
select
    n.org_id as subject,
    string_agg(n.phone_number, ', ' order by n.phone_number) as detail
from public.managed_phone_numbers as n
where n.status = 'active'
group by n.org_id
having count(*) > 1;

-- check after: whatever is live is held by its organization
select
    live.phone_number as subject,
    format(
        '%s of %s, held by %s', live.kind, live.org_id, coalesce(h.org_id::text, '-')
    )
        as detail
from (
    select
        n.phone_number,
        n.org_id,
        'managed' as kind
    from public.managed_phone_numbers as n
    where n.status in ('provisioning', 'active')
    union all
    select
        c.phone_number,
        c.org_id,
        'byoc' as kind
    from public.org_credentials as c
    where c.is_active and not c.is_managed and c.phone_number is not null
) as live
left join public.phone_numbers_held as h
    on live.phone_number = h.phone_number
where
    h.quarantined_until is not null
    or (h.org_id, h.kind) is distinct from (live.org_id, live.kind);

-- check after: a number that was released lately rests, or is held anew
select
    n.phone_number as subject,
    format('released by %s at %s, and free', n.org_id, n.released_at) as detail
from public.managed_phone_numbers as n
left join public.phone_numbers_held as h
    on n.phone_number = h.phone_number
where
    n.status = 'released'
    and n.released_at > now() - private.quarantine_period()
    and h.phone_number is null;
