-- Brings back the primary key of `managed_phone_numbers` on id alone.
--
-- Locks: an exclusive lock on managed_phone_numbers for an instant; the index is built concurrently.

create unique index concurrently managed_phone_numbers_id
on public.managed_phone_numbers (id);

alter table public.managed_phone_numbers
drop constraint managed_phone_numbers_pkey,
add constraint managed_phone_numbers_pkey
primary key using index managed_phone_numbers_id;
