-- Brings back the primary key of `agents` on id alone.
--
-- Locks: an exclusive lock on agents for an instant; the index is built concurrently.

create unique index concurrently agents_id
on public.agents (id);

alter table public.agents
drop constraint agents_pkey,
add constraint agents_pkey
primary key using index agents_id;
