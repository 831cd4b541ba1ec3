-- depends: 20260210_managed_credentials_one_per_org
-- transactional: false
--
-- An organization has one active managed number, whatever the provider.
--
-- The rule stands here and nowhere else. Should it become "one for each direction", the
-- direction becomes a column of this index.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create unique index concurrently idx_org_credentials_one_managed_telephony_per_org
on public.org_credentials (org_id)
where is_managed and is_active;
