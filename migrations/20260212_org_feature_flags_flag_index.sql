-- depends: 20260212_twilio_subaccounts_key
-- transactional: false
--
-- Deleting or renaming a flag finds the organizations that override it by index.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million rows.
-- Rollback: loses nothing.

create index concurrently idx_org_feature_flags_flag_key
on public.org_feature_flags (flag_key);
