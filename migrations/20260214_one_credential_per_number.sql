-- depends: 20260214_credential_number_form
-- transactional: false
--
-- An organization has one active credential for each of its numbers.
--
-- A second one would make it a matter of luck which account a call goes through. Calls
-- are routed by this index.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create unique index concurrently idx_org_credentials_one_active_per_number
on public.org_credentials (org_id, phone_number)
where is_active and phone_number is not null;
