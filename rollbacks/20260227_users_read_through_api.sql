-- Gives signed-in users the tables back.

grant execute on function public.set_updated_at() to public;

create function public.auth_org_id()
returns uuid
language sql
stable
as $$
    select (
        current_setting('request.jwt.claims', true)::jsonb
        -> 'app_metadata' ->> 'org_id'
    )::uuid
$$;

grant execute on function public.auth_org_id() to public;

create policy organizations_select_own
on public.organizations
for select
to authenticated
using (id = (select private.current_org_id()));

create policy user_org_roles_select_own_org
on public.user_org_roles
for select
to authenticated
using (org_id = (select private.current_org_id()));

create policy managed_phone_numbers_select_own_org
on public.managed_phone_numbers
for select
to authenticated
using (org_id = (select private.current_org_id()));

create policy agents_all_own_org
on public.agents
for all
to authenticated
using (org_id = (select private.current_org_id()))
with check (org_id = (select private.current_org_id()));

drop policy org_credentials_select_own_org on public.org_credentials;

create policy org_credentials_all_own_org
on public.org_credentials
for all
to authenticated
using (org_id = (select private.current_org_id()))
with check (org_id = (select private.current_org_id()));

revoke all on table
public.organizations,
public.user_org_roles,
public.org_credentials,
public.twilio_subaccounts,
public.managed_phone_numbers,
public.agents,
public.feature_flags,
public.org_feature_flags
from service_role;

grant all on table
public.organizations,
public.user_org_roles,
public.org_credentials,
public.twilio_subaccounts,
public.managed_phone_numbers,
public.agents,
public.feature_flags,
public.org_feature_flags
to anon, authenticated, service_role;

revoke usage on schema public from service_role, telephony_backfill;

grant usage on schema public to public;
