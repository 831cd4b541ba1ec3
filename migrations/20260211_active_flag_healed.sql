-- depends: 20260211_roles_and_schemas
--
-- A credential that does not say whether it is active is not active.
--
-- NULL slips past every index that asks for `is_active = true`. From here on, what is
-- written without a flag is written as off, so that the next changes can fill the old
-- rows and forbid NULL while the application runs.
--
-- Locks: org_credentials can be read but not written for an instant.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function private.missing_flag_is_off()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.is_active := coalesce(new.is_active, false);
    return new;
end
$$;

comment on function private.missing_flag_is_off() is
'Writes a missing is_active as false until the column forbids NULL.';

create trigger a_missing_flag_is_off
before insert or update on public.org_credentials
for each row execute function private.missing_flag_is_off();

comment on trigger a_missing_flag_is_off on public.org_credentials is
'Programs of before may still write NULL; goes when the column forbids it.';

create table private.missing_active_flags (
    org_id uuid not null,
    credential_id uuid not null,
    updated_at timestamptz,
    constraint missing_active_flags_pkey primary key (org_id, credential_id)
);

comment on table private.missing_active_flags is
'The credentials whose is_active was NULL, so that a rollback can say so again.';

comment on column private.missing_active_flags.updated_at is
'The credential''s own value at that time: filling the flag is no change of it.';

alter table private.missing_active_flags enable row level security;
alter table private.missing_active_flags force row level security;

create policy missing_active_flags_owner on private.missing_active_flags
for all
to current_user
using (true)
with check (true);

comment on policy missing_active_flags_owner on private.missing_active_flags is
'Only the changes that fill the flags, and their rollbacks, look here.';
