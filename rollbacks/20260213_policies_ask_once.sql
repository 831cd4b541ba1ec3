-- Lets the policies look up the organization for every row again, and spare the owner.
--
-- Locks: an exclusive lock on the eight tables for an instant.

alter table public.org_feature_flags no force row level security;
alter table public.feature_flags no force row level security;
alter table public.agents no force row level security;
alter table public.managed_phone_numbers no force row level security;
alter table public.twilio_subaccounts no force row level security;
alter table public.org_credentials no force row level security;
alter table public.user_org_roles no force row level security;
alter table public.organizations no force row level security;

alter policy org_feature_flags_service_role on public.org_feature_flags
to service_role;

alter policy feature_flags_service_role on public.feature_flags
to service_role;

alter policy agents_service_role on public.agents
to service_role;

alter policy managed_phone_numbers_service_role on public.managed_phone_numbers
to service_role;

alter policy twilio_subaccounts_service_role on public.twilio_subaccounts
to service_role;

alter policy org_credentials_service_role on public.org_credentials
to service_role;

alter policy user_org_roles_service_role on public.user_org_roles
to service_role;

alter policy organizations_service_role on public.organizations
to service_role;

alter policy org_feature_flags_select_own_org on public.org_feature_flags
using (org_id = public.auth_org_id());

alter policy agents_all_own_org on public.agents
using (org_id = public.auth_org_id())
with check (org_id = public.auth_org_id());

alter policy managed_phone_numbers_select_own_org on public.managed_phone_numbers
using (org_id = public.auth_org_id());

alter policy twilio_subaccounts_select_own_org on public.twilio_subaccounts
using (org_id = public.auth_org_id());

alter policy org_credentials_all_own_org on public.org_credentials
using (org_id = public.auth_org_id())
with check (org_id = public.auth_org_id());

alter policy user_org_roles_select_own_org on public.user_org_roles
using (org_id = public.auth_org_id());

alter policy organizations_select_own on public.organizations
using (id = public.auth_org_id());
