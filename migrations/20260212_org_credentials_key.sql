-- depends: 20260212_org_feature_flags_key
-- transactional: false
--
-- A credential is known by its organization and its id.
--
-- The primary key of `org_credentials` begins with the organization, so that a foreign key can
-- carry the organization, and the table can be distributed by it.
--
-- Two statements in one change: neither direction may build an index while it holds the
-- exclusive lock, and the key of the one direction is the index that the other builds.
--
-- Locks: an exclusive lock on org_credentials for an instant; the index is built concurrently.
-- Duration: about a second for each million rows.
-- Rollback: loses nothing; it builds the former key concurrently as well.

create unique index concurrently org_credentials_org_id_id
on public.org_credentials (org_id, id);

alter table public.org_credentials
drop constraint org_credentials_pkey,
add constraint org_credentials_pkey
primary key using index org_credentials_org_id_id;
