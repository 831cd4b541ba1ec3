-- depends: 20260215_credentials_key_version_index
-- transactional: false
--
-- The token that is sealed under a key is found by index.
--
-- As for credentials: rotation and destruction ask for it.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million subaccounts.
-- Rollback: loses nothing.

create index concurrently idx_twilio_subaccounts_key_version_sealed
on public.twilio_subaccounts (org_id, key_version)
where key_version is not null;
