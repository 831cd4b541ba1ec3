-- Takes the rights of the backfills away.

revoke
select,
insert,
delete,
update (encrypted_config, phone_number, account_sid)
on table public.org_credentials from telephony_backfill;

revoke update (twilio_auth_token_encrypted) on table public.twilio_subaccounts
from telephony_backfill;

revoke select on table public.managed_phone_numbers, public.twilio_subaccounts
from telephony_backfill;

revoke select (id) on table public.organizations from telephony_backfill;

alter policy managed_phone_numbers_service_role on public.managed_phone_numbers
to service_role, current_user;

alter policy twilio_subaccounts_service_role on public.twilio_subaccounts
to service_role, current_user;

alter policy org_credentials_service_role on public.org_credentials
to service_role, current_user;

alter policy organizations_service_role on public.organizations
to service_role, current_user;
