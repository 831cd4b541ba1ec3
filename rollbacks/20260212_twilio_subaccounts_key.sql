-- Brings back the primary key of `twilio_subaccounts` on id alone.
--
-- Locks: an exclusive lock on each of the two tables for an instant; the index is built
-- concurrently.

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
