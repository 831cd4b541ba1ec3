-- depends: 20260211_active_flag_not_null
--
-- The trigger that filled missing flags has done its work: a NULL is an error now.
--
-- Locks: an exclusive lock on org_credentials for an instant.
-- Duration: milliseconds.
-- Rollback: loses nothing.

drop trigger a_missing_flag_is_off on public.org_credentials;

-- Nobody but that trigger could call it.
-- squawk-ignore ban-drop-function
drop function private.missing_flag_is_off();
