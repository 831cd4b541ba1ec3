-- depends: 20260212_agents_belong_to_an_org
-- transactional: false
--
-- An agent is known by its organization and its id.
--
-- The primary key of `agents` begins with the organization, so that a foreign key can
-- carry the organization, and the table can be distributed by it.
--
-- Two statements in one change: neither direction may build an index while it holds the
-- exclusive lock, and the key of the one direction is the index that the other builds.
--
-- Locks: an exclusive lock on agents for an instant; the index is built concurrently.
-- Duration: about a second for each million rows.
-- Rollback: loses nothing; it builds the former key concurrently as well.

create unique index concurrently agents_org_id_id
on public.agents (org_id, id);

alter table public.agents
drop constraint agents_pkey,
add constraint agents_pkey
primary key using index agents_org_id_id;
