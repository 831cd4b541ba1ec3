-- Lets a credential's number be any text again.

alter table public.org_credentials
drop constraint only_telephony_has_a_number,
drop constraint account_sid_is_an_account,
drop constraint phone_number_is_e164;
