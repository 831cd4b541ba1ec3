-- depends: 20260211_active_flag_healed
--
-- The credentials without a flag become inactive, which is how every index saw them.
--
-- Their ids are noted first, without a strong lock. Then the trigger that keeps
-- updated_at rests while the few noted rows are filled: nothing about the credential
-- has changed.
--
-- Locks: row locks on the rows without a flag; at the end org_credentials can be read
-- but not written for as long as those few rows take.
-- Duration: one scan of org_credentials.
-- Rollback: writes NULL again where nobody has switched the credential on since.

insert into private.missing_active_flags (org_id, credential_id, updated_at)
select
    c.org_id,
    c.id,
    c.updated_at
from public.org_credentials as c
where c.is_active is null
for update;

alter table public.org_credentials
disable trigger org_credentials_updated_at;

update public.org_credentials as c
set is_active = false
from private.missing_active_flags as m
where c.id = m.credential_id and c.is_active is null;

alter table public.org_credentials
enable trigger org_credentials_updated_at;
