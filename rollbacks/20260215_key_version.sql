-- Leaves the key version in the sealed values only.
--
-- loses: public.twilio_subaccounts values of key_version — the sealed tokens name it
-- loses: public.org_credentials values of key_version — the sealed values name it

alter table public.twilio_subaccounts
drop column key_version;

alter table public.org_credentials
drop column key_version;
