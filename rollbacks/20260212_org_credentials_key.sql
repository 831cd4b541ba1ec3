-- Brings back the primary key of `org_credentials` on id alone.
--
-- Locks: an exclusive lock on org_credentials for an instant; the index is built concurrently.

create unique index concurrently org_credentials_id
on public.org_credentials (id);

alter table public.org_credentials
drop constraint org_credentials_pkey,
add constraint org_credentials_pkey
primary key using index org_credentials_id;
