-- depends: 20260228_names_have_an_end
--
-- The tables of the baseline say what they are for, and what a null in them means.
--
-- Locks: none that stops reads or writes.
-- Duration: milliseconds.
-- Rollback: loses nothing.

comment on table public.organizations is
'The customers. Everything else belongs to one of them.';

comment on column public.organizations.telephony_mode is
'Whose numbers the organization set out to use; null: never said. Both kinds may be '
'in use.';

comment on column public.organizations.vapi_credential_id is
'The organization''s credential at Vapi; null: none yet.';

comment on table public.user_org_roles is
'Who belongs to which organization, as what.';

comment on column public.user_org_roles.user_id is
'The subject of the claims.';

comment on column public.user_org_roles.role is
'admin and agent may write, viewer may read.';

comment on constraint user_org_roles_user_id_org_id_key
on public.user_org_roles is
'A person has one role in an organization.';

comment on table public.org_credentials is
'The organizations'' credentials at providers, sealed; managed and their own.';

comment on column public.org_credentials.encrypted_config is
'Sealed: AES-256-GCM, opened outside the database only.';

comment on column public.org_credentials.is_active is
'False: kept for its history; a new secret is a new row.';

comment on column public.org_credentials.metadata is
'What programs note about it, without secrets; null: nothing.';

comment on column public.org_credentials.last_verified_at is
'When the provider last accepted it; null: never tried.';

comment on column public.org_credentials.verification_error is
'What the provider said last; null: nothing wrong.';

comment on column public.org_credentials.connected_email is
'The account behind a calendar or mailbox; null: another provider.';

comment on column public.org_credentials.connected_calendar_email is
'The calendar behind it; null: another provider.';

comment on trigger org_credentials_updated_at on public.org_credentials is
'Tells when a credential last changed.';

comment on table public.twilio_subaccounts is
'The account at Twilio that we run for an organization.';

comment on column public.twilio_subaccounts.twilio_auth_token_encrypted is
'Sealed: a bare string, not JSON.';

comment on column public.twilio_subaccounts.monthly_number_cost_cents is
'US cents for each number and month; null: not agreed.';

comment on column public.twilio_subaccounts.suspended_at is
'Null: never suspended.';

comment on column public.twilio_subaccounts.closed_at is
'Null: not closed.';

comment on column public.twilio_subaccounts.suspension_reason is
'Null: not suspended.';

comment on constraint one_subaccount_per_org on public.twilio_subaccounts is
'An organization''s calls are billed through one account.';

comment on table public.managed_phone_numbers is
'The numbers that we bought for organizations, with their history.';

comment on column public.managed_phone_numbers.vapi_phone_id is
'The number''s id at Vapi; null: not imported.';

comment on column public.managed_phone_numbers.vapi_credential_id is
'The credential at Vapi that it was imported with; null: not imported.';

comment on column public.managed_phone_numbers.monthly_cost_cents is
'US cents a month.';

comment on column public.managed_phone_numbers.provisioned_at is
'Null: not active yet.';

comment on column public.managed_phone_numbers.released_at is
'Null: not released.';

comment on index public.idx_one_active_managed_per_org is
'One active managed number for each organization.';

comment on table public.agents is
'The organizations'' voice agents.';

comment on column public.agents.is_active is
'False: answers and makes no calls; null counts as active.';

comment on constraint agents_org_id_role_key on public.agents is
'An organization has one agent for each role.';

comment on table public.feature_flags is
'Features that are rolled out.';

comment on column public.feature_flags.enabled_globally is
'Null counts as off.';

comment on column public.feature_flags.rollout_percentage is
'Percent of the organizations, by bucket; null counts as 0.';

comment on table public.org_feature_flags is
'What an organization has on or off, whatever the roll-out.';

comment on policy org_credentials_select_own_org on public.org_credentials is
'The dropdown reads through it; single columns only.';

comment on policy twilio_subaccounts_select_own_org
on public.twilio_subaccounts is
'The dropdown says when an account is suspended.';

comment on policy feature_flags_select on public.feature_flags is
'Flags are no secret.';

comment on policy org_feature_flags_select_own_org
on public.org_feature_flags is
'An organization sees its own settings.';

comment on policy organizations_service_role on public.organizations is
'Our own functions run as the owner; the backend and the backfills see all.';

comment on policy user_org_roles_service_role on public.user_org_roles is
'Our own functions run as the owner; the backend keeps the memberships.';

comment on policy org_credentials_service_role on public.org_credentials is
'Our own functions run as the owner; the backend and the backfills see all.';

comment on policy twilio_subaccounts_service_role
on public.twilio_subaccounts is
'Our own functions run as the owner; the backend and the backfills see all.';

comment on policy managed_phone_numbers_service_role
on public.managed_phone_numbers is
'Our own functions run as the owner; the backend and the backfills see all.';

comment on policy agents_service_role on public.agents is
'Our own functions run as the owner; the backend keeps the agents.';

comment on policy feature_flags_service_role on public.feature_flags is
'Our own functions run as the owner; the backend rolls out.';

comment on policy org_feature_flags_service_role
on public.org_feature_flags is
'Our own functions run as the owner; the backend switches for one organization.';
