-- Brings back the primary key of `twilio_subaccounts` on id alone.
--
-- Refuses first while several organizations use one id, and lists which.
--
-- Locks: an exclusive lock on each of the two tables for an instant; the index is built
-- concurrently.

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
        from public.twilio_subaccounts as t
        group by t.id
        having count(*) > 1
    ) as d;

    if shared is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'ids of twilio_subaccounts that several organizations use',
            detail = shared,
            hint = 'Delete all rows but one of each, then roll back again.';
    end if;
end
$$;

create unique index concurrently twilio_subaccounts_id
on public.twilio_subaccounts (id);

alter table public.managed_phone_numbers
add constraint managed_phone_numbers_subaccount_id_fkey
foreign key (subaccount_id)
references public.twilio_subaccounts (id) on delete cascade not valid;

alter table public.managed_phone_numbers
validate constraint managed_phone_numbers_subaccount_id_fkey;

alter table public.managed_phone_numbers
drop constraint number_and_subaccount_of_one_org;

alter table public.twilio_subaccounts
drop constraint twilio_subaccounts_pkey,
add constraint twilio_subaccounts_pkey
primary key using index twilio_subaccounts_id;
