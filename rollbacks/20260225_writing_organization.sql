-- Lets nobody write for an organization.

drop function private.writing_org_id();

drop function private.current_user_id();
