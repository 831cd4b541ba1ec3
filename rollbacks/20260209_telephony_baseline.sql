-- Removes the telephony schema and everything in it.
--
-- Locks: an exclusive lock on each table, until the end.
-- Duration: milliseconds, whatever the size.
--
-- loses: public.org_feature_flags rows — the tables go with their rows
-- loses: public.feature_flags rows — the tables go with their rows
-- loses: public.agents rows — the tables go with their rows
-- loses: public.managed_phone_numbers rows — the tables go with their rows
-- loses: public.twilio_subaccounts rows — the tables go with their rows
-- loses: public.org_credentials rows — the tables go with their rows
-- loses: public.user_org_roles rows — the tables go with their rows
-- loses: public.organizations rows — the tables go with their rows
-- leaves: role anon — cluster-wide, other databases may use it
-- leaves: role authenticated — cluster-wide, other databases may use it
-- leaves: role service_role — cluster-wide, other databases may use it

drop table public.org_feature_flags;
drop table public.feature_flags;
drop table public.agents;
drop table public.managed_phone_numbers;
drop table public.twilio_subaccounts;
drop table public.org_credentials;
drop table public.user_org_roles;
drop table public.organizations;
drop function public.set_updated_at();
drop function public.auth_org_id();
