-- depends: 20260212_managed_numbers_subaccount_index
-- transactional: false
--
-- A number and its subaccount belong to one organization.
--
-- The primary key of `twilio_subaccounts` begins with the organization, and the foreign
-- key of managed_phone_numbers carries it, so a number cannot hang on the subaccount of
-- somebody else. Numbers that do are listed first.
--
-- Several statements in one change: neither direction may build an index while it holds
-- the exclusive lock, and the key of the one direction is the index that the other
-- builds.
--
-- Locks: an exclusive lock on each of the two tables for an instant; the index is built
-- concurrently, and validation stops neither reads nor writes.
-- Duration: about a second for each million rows.
-- Rollback: loses nothing; it builds the former key concurrently as well.

do $$
declare
    astray text;
begin
    select
        string_agg(
            format('number %s of %s, subaccount of %s', n.id, n.org_id, s.org_id),
            e'\n' order by n.org_id, n.id
        )
    into astray
    from public.managed_phone_numbers as n
    inner join public.twilio_subaccounts as s
        on n.subaccount_id = s.id
    where n.org_id <> s.org_id;

    if astray is not null then
        raise exception using
            errcode = 'foreign_key_violation',
            message = 'numbers on the subaccount of another organization',
            detail = astray,
            hint = 'Move each to a subaccount of its organization, then apply again.';
    end if;
end
$$;

create unique index concurrently twilio_subaccounts_org_id_id
on public.twilio_subaccounts (org_id, id);

alter table public.managed_phone_numbers
add constraint number_and_subaccount_of_one_org
foreign key (org_id, subaccount_id)
references public.twilio_subaccounts (org_id, id) on delete cascade not valid;

alter table public.managed_phone_numbers
validate constraint number_and_subaccount_of_one_org;

comment on constraint number_and_subaccount_of_one_org
on public.managed_phone_numbers is
'Carries the organization, so that a number cannot hang on somebody else''s account.';

alter table public.managed_phone_numbers
drop constraint managed_phone_numbers_subaccount_id_fkey;

alter table public.twilio_subaccounts
drop constraint twilio_subaccounts_pkey,
add constraint twilio_subaccounts_pkey
primary key using index twilio_subaccounts_org_id_id;
