-- Forgets the flag of the credentials that had none.
--
-- Locks: org_credentials can be read but not written for as long as those rows take.

alter table public.org_credentials
disable trigger org_credentials_updated_at;

alter table public.org_credentials
disable trigger a_missing_flag_is_off;

update public.org_credentials as c
set is_active = null
from private.missing_active_flags as m
where c.id = m.credential_id and c.is_active = false;

alter table public.org_credentials
enable trigger a_missing_flag_is_off;

alter table public.org_credentials
enable trigger org_credentials_updated_at;

delete from private.missing_active_flags;
