-- Lets a credential leave out its flag again.

drop table private.missing_active_flags;

drop trigger a_missing_flag_is_off on public.org_credentials;

drop function private.missing_flag_is_off();
