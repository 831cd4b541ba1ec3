-- Lets nobody write for an organization.

drop function private.writing_org_id();
