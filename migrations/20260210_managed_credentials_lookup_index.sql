-- depends: 20260210_managed_credentials_expand
-- transactional: false
--
-- The dropdown finds an organization's active managed and BYOC credentials by index.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create index concurrently idx_org_credentials_managed
on public.org_credentials (org_id, provider, is_managed)
where is_active = true;
