-- Brings back the primary key of `managed_phone_numbers` on id alone.
--
-- Refuses first while several organizations use one id, and lists which.
--
-- Locks: an exclusive lock on managed_phone_numbers for an instant; the index is built concurrently.

do $$
declare
    shared text;
begin
    select
        string_agg(format('%s is in %s', d.id, d.organizations), e'\n' order by d.id)
    into shared
    from (
        select
            t.id,
            string_agg(t.org_id::text, ', ' order by t.org_id) as organizations
        from public.managed_phone_numbers as t
        group by t.id
        having count(*) > 1
    ) as d;

    if shared is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'ids of managed_phone_numbers that several organizations use',
            detail = shared,
            hint = 'Delete all rows but one of each, then roll back again.';
    end if;
end
$$;

create unique index concurrently managed_phone_numbers_id
on public.managed_phone_numbers (id);

alter table public.managed_phone_numbers
drop constraint managed_phone_numbers_pkey,
add constraint managed_phone_numbers_pkey
primary key using index managed_phone_numbers_id;
