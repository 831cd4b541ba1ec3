-- Brings back the primary key of `org_feature_flags` on id alone.
--
-- Locks: an exclusive lock on org_feature_flags for an instant; the index is built concurrently.

create unique index concurrently org_feature_flags_id
on public.org_feature_flags (id);

alter table public.org_feature_flags
drop constraint org_feature_flags_pkey,
add constraint org_feature_flags_pkey
primary key using index org_feature_flags_id;
