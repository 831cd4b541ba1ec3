-- depends: 20260212_agents_key
-- transactional: false
--
-- A member's role is known by its organization and its id.
--
-- The primary key of `user_org_roles` begins with the organization, so that a foreign key can
-- carry the organization, and the table can be distributed by it.
--
-- Two statements in one change: neither direction may build an index while it holds the
-- exclusive lock, and the key of the one direction is the index that the other builds.
--
-- Locks: an exclusive lock on user_org_roles for an instant; the index is built concurrently.
-- Duration: about a second for each million rows.
-- Rollback: loses nothing; it builds the former key concurrently as well.

create unique index concurrently user_org_roles_org_id_id
on public.user_org_roles (org_id, id);

alter table public.user_org_roles
drop constraint user_org_roles_pkey,
add constraint user_org_roles_pkey
primary key using index user_org_roles_org_id_id;
