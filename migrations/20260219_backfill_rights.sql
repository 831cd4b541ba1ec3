-- depends: 20260219_numbers_held_filled
--
-- The backfills see what they must, and nothing else.
--
-- They read managed numbers and subaccounts, write the missing credentials, seal values
-- anew, and take back what they wrote. Run reseal-credentials and managed-credentials
-- once this is applied: the next changes refuse until they have.
--
-- Locks: an exclusive lock on four tables for an instant.
-- Duration: milliseconds.
-- Rollback: loses nothing.

alter policy organizations_service_role on public.organizations
to service_role, telephony_backfill, current_user;

alter policy org_credentials_service_role on public.org_credentials
to service_role, telephony_backfill, current_user;

alter policy twilio_subaccounts_service_role on public.twilio_subaccounts
to service_role, telephony_backfill, current_user;

alter policy managed_phone_numbers_service_role on public.managed_phone_numbers
to service_role, telephony_backfill, current_user;

grant select (id) on table public.organizations to telephony_backfill;

grant select on table public.managed_phone_numbers, public.twilio_subaccounts
to telephony_backfill;

grant update (twilio_auth_token_encrypted) on table public.twilio_subaccounts
to telephony_backfill;

grant
select,
insert,
delete,
update (encrypted_config, phone_number, account_sid)
on table public.org_credentials to telephony_backfill;
