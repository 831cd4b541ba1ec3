-- depends: 20260212_org_credentials_key
-- transactional: false
--
-- A managed number is known by its organization and its id.
--
-- The primary key of `managed_phone_numbers` begins with the organization, so that a foreign key can
-- carry the organization, and the table can be distributed by it.
--
-- Two statements in one change: neither direction may build an index while it holds the
-- exclusive lock, and the key of the one direction is the index that the other builds.
--
-- Locks: an exclusive lock on managed_phone_numbers for an instant; the index is built concurrently.
-- Duration: about a second for each million rows.
-- Rollback: loses nothing; it builds the former key concurrently as well.

create unique index concurrently managed_phone_numbers_org_id_id
on public.managed_phone_numbers (org_id, id);

alter table public.managed_phone_numbers
drop constraint managed_phone_numbers_pkey,
add constraint managed_phone_numbers_pkey
primary key using index managed_phone_numbers_org_id_id;
