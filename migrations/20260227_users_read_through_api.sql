-- depends: 20260226_audited
--
-- Signed-in users get what is in `api`, and nothing else.
--
-- They could read sealed values and could turn a BYOC credential into a managed one.
-- Now the tables cannot even be named by them; the views of api read single columns
-- under row-level security, and the functions ask for the membership. Nobody empties a
-- table any more, or calls a function of the baseline: auth_org_id() goes, since nothing
-- asks it, and set_updated_at() is for triggers alone.
--
-- This is the contract step: programs that still read the tables as `authenticated` or
-- `anon` fail from here on.
--
-- Locks: an exclusive lock on the eight tables for an instant.
-- Duration: milliseconds.
-- Rollback: loses nothing.

revoke usage on schema public from public;

grant usage on schema public to service_role, telephony_backfill;

revoke all on table
public.organizations,
public.user_org_roles,
public.org_credentials,
public.twilio_subaccounts,
public.managed_phone_numbers,
public.agents,
public.feature_flags,
public.org_feature_flags
from anon, authenticated, service_role;

grant select, insert, update, delete on table
public.organizations,
public.user_org_roles,
public.org_credentials,
public.twilio_subaccounts,
public.managed_phone_numbers,
public.agents,
public.feature_flags,
public.org_feature_flags
to service_role;

grant select (org_id, status) on table public.twilio_subaccounts to authenticated;

grant select (flag_key, enabled_globally, rollout_percentage)
on table public.feature_flags to authenticated;

grant select (org_id, flag_key, enabled)
on table public.org_feature_flags to authenticated;

drop policy org_credentials_all_own_org on public.org_credentials;

create policy org_credentials_select_own_org on public.org_credentials
for select
to authenticated
using (org_id = (select private.current_org_id()));

drop policy agents_all_own_org on public.agents;

drop policy managed_phone_numbers_select_own_org on public.managed_phone_numbers;

drop policy user_org_roles_select_own_org on public.user_org_roles;

drop policy organizations_select_own on public.organizations;

-- squawk-ignore ban-drop-function
drop function public.auth_org_id();

revoke execute on function public.set_updated_at() from public;
