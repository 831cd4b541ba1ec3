-- depends: 20260217_managed_numbers_e164
-- transactional: false
--
-- A number is live once in an organization.
--
-- This is what unique_phone_per_org means; a released number may be bought again.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million numbers.
-- Rollback: loses nothing.

create unique index concurrently idx_managed_phone_numbers_one_live_per_number
on public.managed_phone_numbers (org_id, phone_number)
where status in ('provisioning', 'active');
