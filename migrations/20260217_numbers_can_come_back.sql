-- depends: 20260217_one_live_number
-- transactional: false
--
-- A released number may be bought again by the same organization.
--
-- unique_phone_per_org counted the released rows too; the index of the change before
-- this one counts the live ones.
--
-- Not in a transaction, because the rollback builds the constraint's index
-- concurrently.
--
-- Locks: an exclusive lock on managed_phone_numbers for an instant.
-- Duration: milliseconds.
-- Rollback: refuses while an organization has held a number twice.

alter table public.managed_phone_numbers
drop constraint unique_phone_per_org;

comment on index public.idx_managed_phone_numbers_one_live_per_number is
'A number is live once in an organization; released and failed rows are its history.';
