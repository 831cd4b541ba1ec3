-- depends: 20260210_managed_credentials_lookup_index
-- transactional: false
--
-- An organization has one active credential of its own for each integration.
--
-- This is what remains of unique_org_provider for calendars, mail and voices, where one
-- account is what the programs expect. Twilio is left out: a customer may bring several
-- numbers. Inactive rows are left out: a new secret is a new row, never an overwritten
-- one, and the old row stays behind, inactive.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create unique index concurrently idx_org_credentials_one_active_per_integration
on public.org_credentials (org_id, provider)
where not is_managed and is_active = true and provider <> 'twilio';
