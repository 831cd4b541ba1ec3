-- depends: 20260215_key_version
-- transactional: false
--
-- What is sealed under a key is found by index.
--
-- Rotation moves it, and a key is destroyed only when nothing in use is left. Values of
-- the form of before are under no key, and not in the index.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create index concurrently idx_org_credentials_key_version_sealed
on public.org_credentials (org_id, key_version)
where key_version is not null;
