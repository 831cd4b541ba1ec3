-- depends: 20260210_managed_credentials_one_per_integration
-- transactional: false
--
-- An organization has one active managed Twilio credential.
--
-- The name is fixed by the clients that look for it. The wider rule, whatever the
-- provider, is the next change.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create unique index concurrently idx_org_credentials_one_managed_per_org
on public.org_credentials (org_id, provider)
where is_managed = true and is_active = true and provider = 'twilio';
