-- Leaves auth_org_id() as the only one who knows the organization.

comment on function public.set_updated_at() is null;

alter function public.set_updated_at()
reset search_path;

drop function private.current_org_id();
