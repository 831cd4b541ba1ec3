-- Lets a row change its organization, its id and its beginning again.

drop trigger digits_are_fixed on public.org_credentials;

drop trigger digits_are_fixed on public.managed_phone_numbers;

drop trigger identity_is_fixed on public.org_data_keys;

drop trigger identity_is_fixed on public.org_limits;

drop trigger identity_is_fixed on public.feature_flags;

drop trigger identity_is_fixed on public.org_feature_flags;

drop trigger identity_is_fixed on public.agents;

drop trigger identity_is_fixed on public.managed_phone_numbers;

drop trigger identity_is_fixed on public.twilio_subaccounts;

drop trigger identity_is_fixed on public.org_credentials;

drop trigger identity_is_fixed on public.user_org_roles;

drop trigger identity_is_fixed on public.organizations;

drop function private.refuse_row();
