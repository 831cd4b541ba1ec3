-- Lets is_active be NULL again; no row is.
--
-- Locks: an exclusive lock on org_credentials for an instant.

alter table public.org_credentials
alter column is_active drop not null;
