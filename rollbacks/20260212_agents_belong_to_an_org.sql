-- Lets an agent be without an organization again; none is.

alter table public.agents
alter column org_id drop not null;
