-- since: 20260222_provisioning_requests

-- check after: whatever is held is in use, or being bought
select
    h.phone_number as subject,
    format('held by %s, which neither uses nor buys it', h.org_id) as detail
from public.phone_numbers_held as h
where
    h.quarantined_until is null
    and not exists (
        select
        from public.managed_phone_numbers as n
        where
            n.org_id = h.org_id
            and n.phone_number = h.phone_number
            and n.status in ('provisioning', 'active')
    )
    and not exists (
        select
        from public.org_credentials as c
        where
            c.org_id = h.org_id
            and c.phone_number = h.phone_number
            and c.is_active
    )
    and not exists (
        select
        from public.provisioning_requests as r
        where
            r.org_id = h.org_id
            and r.pinned_number = h.phone_number
            and r.state in ('queued', 'running')
    );
