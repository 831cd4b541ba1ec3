-- depends: 20260214_credential_number
-- transactional: false
--
-- A credential's number is E.164, and its account is a Twilio account.
--
-- The pattern itself stands in the domain e164; a column of that type would have meant
-- rewriting the table.
--
-- Locks: an exclusive lock on org_credentials for an instant; validation stops neither
-- reads nor writes.
-- Duration: one scan of org_credentials.
-- Rollback: loses nothing.

alter table public.org_credentials
add constraint phone_number_is_e164
check (phone_number is null or phone_number::public.e164 is not null) not valid,
add constraint account_sid_is_an_account
check (account_sid ~ '^AC[0-9a-f]{32}$') not valid,
add constraint only_telephony_has_a_number
check (phone_number is null or provider in ('twilio', 'vapi')) not valid;

alter table public.org_credentials
validate constraint phone_number_is_e164;

alter table public.org_credentials
validate constraint account_sid_is_an_account;

alter table public.org_credentials
validate constraint only_telephony_has_a_number;

comment on constraint phone_number_is_e164 on public.org_credentials is
'Calls are routed by comparing digits, so there is one spelling of a number.';

comment on constraint account_sid_is_an_account on public.org_credentials is
'SIDs of numbers (PN) and keys (SK) are mistaken for it.';

comment on constraint only_telephony_has_a_number on public.org_credentials is
'A calendar or a mailbox cannot be called.';
