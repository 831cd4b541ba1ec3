-- depends: 20260212_user_org_roles_key
-- transactional: false
--
-- An organization's own flag is known by the organization and its id.
--
-- The primary key of `org_feature_flags` begins with the organization, so that a foreign key can
-- carry the organization, and the table can be distributed by it.
--
-- Two statements in one change: neither direction may build an index while it holds the
-- exclusive lock, and the key of the one direction is the index that the other builds.
--
-- Locks: an exclusive lock on org_feature_flags for an instant; the index is built concurrently.
-- Duration: about a second for each million rows.
-- Rollback: loses nothing; it builds the former key concurrently as well.

create unique index concurrently org_feature_flags_org_id_id
on public.org_feature_flags (org_id, id);

alter table public.org_feature_flags
drop constraint org_feature_flags_pkey,
add constraint org_feature_flags_pkey
primary key using index org_feature_flags_org_id_id;
