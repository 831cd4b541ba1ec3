-- Brings back the primary key of `user_org_roles` on id alone.
--
-- Locks: an exclusive lock on user_org_roles for an instant; the index is built concurrently.

create unique index concurrently user_org_roles_id
on public.user_org_roles (id);

alter table public.user_org_roles
drop constraint user_org_roles_pkey,
add constraint user_org_roles_pkey
primary key using index user_org_roles_id;
