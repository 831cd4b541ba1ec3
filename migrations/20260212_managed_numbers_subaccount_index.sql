-- depends: 20260212_managed_phone_numbers_key
-- transactional: false
--
-- The numbers of a subaccount are found by index, organization first.
--
-- The next change lets the foreign key carry the organization; this index serves it.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million numbers.
-- Rollback: loses nothing.

create index concurrently idx_managed_phone_numbers_org_subaccount
on public.managed_phone_numbers (org_id, subaccount_id);
