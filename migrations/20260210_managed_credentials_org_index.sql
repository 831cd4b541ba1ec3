-- depends: 20260210_managed_credentials_one_telephony_per_org
-- transactional: false
--
-- An organization's credentials are found whether they are active or not.
--
-- So far the index of unique_org_provider found them, and the next change drops that;
-- the other indexes know active credentials only. Without this one every look-up of an
-- inactive credential, and every deletion of an organization, would read the whole
-- table, for as long as nobody goes on to the key that begins with the organization.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create index concurrently idx_org_credentials_any_of_org
on public.org_credentials (org_id, provider);
