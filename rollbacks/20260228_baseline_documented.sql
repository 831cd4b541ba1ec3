-- Leaves the tables of the baseline without a word.

comment on policy org_feature_flags_service_role
on public.org_feature_flags is null;

comment on policy feature_flags_service_role on public.feature_flags is null;

comment on policy agents_service_role on public.agents is null;

comment on policy managed_phone_numbers_service_role
on public.managed_phone_numbers is null;

comment on policy twilio_subaccounts_service_role
on public.twilio_subaccounts is null;

comment on policy org_credentials_service_role on public.org_credentials is null;

comment on policy user_org_roles_service_role on public.user_org_roles is null;

comment on policy organizations_service_role on public.organizations is null;

comment on policy org_feature_flags_select_own_org
on public.org_feature_flags is null;

comment on policy feature_flags_select on public.feature_flags is null;

comment on policy twilio_subaccounts_select_own_org
on public.twilio_subaccounts is null;

comment on policy org_credentials_select_own_org on public.org_credentials is null;

comment on table public.org_feature_flags is null;

comment on column public.feature_flags.rollout_percentage is null;

comment on column public.feature_flags.enabled_globally is null;

comment on table public.feature_flags is null;

comment on constraint agents_org_id_role_key on public.agents is null;

comment on column public.agents.is_active is null;

comment on table public.agents is null;

comment on index public.idx_one_active_managed_per_org is null;

comment on column public.managed_phone_numbers.released_at is null;

comment on column public.managed_phone_numbers.provisioned_at is null;

comment on column public.managed_phone_numbers.monthly_cost_cents is null;

comment on column public.managed_phone_numbers.vapi_credential_id is null;

comment on column public.managed_phone_numbers.vapi_phone_id is null;

comment on table public.managed_phone_numbers is null;

comment on constraint one_subaccount_per_org on public.twilio_subaccounts is null;

comment on column public.twilio_subaccounts.suspension_reason is null;

comment on column public.twilio_subaccounts.closed_at is null;

comment on column public.twilio_subaccounts.suspended_at is null;

comment on column public.twilio_subaccounts.monthly_number_cost_cents is null;

comment on column public.twilio_subaccounts.twilio_auth_token_encrypted is null;

comment on table public.twilio_subaccounts is null;

comment on trigger org_credentials_updated_at on public.org_credentials is null;

comment on column public.org_credentials.connected_calendar_email is null;

comment on column public.org_credentials.connected_email is null;

comment on column public.org_credentials.verification_error is null;

comment on column public.org_credentials.last_verified_at is null;

comment on column public.org_credentials.metadata is null;

comment on column public.org_credentials.is_active is null;

comment on column public.org_credentials.encrypted_config is null;

comment on table public.org_credentials is null;

comment on constraint user_org_roles_user_id_org_id_key
on public.user_org_roles is null;

comment on column public.user_org_roles.role is null;

comment on column public.user_org_roles.user_id is null;

comment on table public.user_org_roles is null;

comment on column public.organizations.vapi_credential_id is null;

comment on column public.organizations.telephony_mode is null;

comment on table public.organizations is null;
