-- Brings back one row for each organization and number, released ones counted.
--
-- Locks: an exclusive lock on managed_phone_numbers for an instant; the index is built
-- concurrently.

do $$
declare
    offenders text;
begin
    select
        string_agg(
            format('%s has %s rows of %s', d.org_id, d.rows, d.phone_number),
            e'\n' order by d.org_id, d.phone_number
        )
    into offenders
    from (
        select
            n.org_id,
            n.phone_number,
            count(*) as rows
        from public.managed_phone_numbers as n
        group by n.org_id, n.phone_number
        having count(*) > 1
    ) as d;

    if offenders is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'organizations that held a number more than once',
            detail = offenders,
            hint = 'Delete the released rows of each, then roll back again.';
    end if;
end
$$;

comment on index public.idx_managed_phone_numbers_one_live_per_number is null;

create unique index concurrently unique_phone_per_org
on public.managed_phone_numbers (org_id, phone_number);

alter table public.managed_phone_numbers
add constraint unique_phone_per_org unique using index unique_phone_per_org;
