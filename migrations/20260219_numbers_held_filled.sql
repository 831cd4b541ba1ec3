-- depends: 20260219_phone_numbers_held
--
-- The numbers that live already take their places.
--
-- A number that is live in two organizations is listed first: somebody must say whose
-- it is. Numbers released in the last weeks rest until their time has passed.
--
-- Locks: none that anyone could notice.
-- Duration: about five seconds for each million numbers and credentials.
-- Rollback: empties the table; applied again, it fills from the same rows.

do $$
declare
    conflicts text;
begin
    select
        string_agg(
            format('%s is live in %s', d.phone_number, d.organizations),
            e'\n' order by d.phone_number
        )
    into conflicts
    from (
        select
            live.phone_number,
            string_agg(distinct live.org_id::text, ', ') as organizations
        from (
            select
                n.phone_number,
                n.org_id
            from public.managed_phone_numbers as n
            where n.status in ('provisioning', 'active')
            union all
            select
                c.phone_number,
                c.org_id
            from public.org_credentials as c
            where not c.is_managed and c.is_active and c.phone_number is not null
        ) as live
        group by live.phone_number
        having count(*) > 1
    ) as d;

    if conflicts is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'numbers that are live more than once',
            detail = conflicts,
            hint = 'Release or disconnect all but one of each, then apply again.';
    end if;
end
$$;

insert into public.phone_numbers_held (phone_number, org_id, kind, since)
select
    n.phone_number,
    n.org_id,
    'managed',
    coalesce(n.provisioned_at, n.created_at)
from public.managed_phone_numbers as n
where n.status in ('provisioning', 'active')
on conflict (phone_number) do nothing;

insert into public.phone_numbers_held (phone_number, org_id, kind, since)
select
    c.phone_number,
    c.org_id,
    'byoc',
    coalesce(c.created_at, now())
from public.org_credentials as c
where not c.is_managed and c.is_active and c.phone_number is not null
on conflict (phone_number) do nothing;

insert into public.phone_numbers_held (
    phone_number, org_id, kind, since, quarantined_until
)
select distinct on (n.phone_number)
    n.phone_number,
    n.org_id,
    'managed',
    coalesce(n.provisioned_at, n.created_at),
    n.released_at + private.quarantine_period()
from public.managed_phone_numbers as n
where n.status = 'released' and n.released_at + private.quarantine_period() > now()
order by n.phone_number asc, n.released_at desc
on conflict (phone_number) do nothing;
