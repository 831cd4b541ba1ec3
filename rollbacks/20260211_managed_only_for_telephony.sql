-- Lets any credential be managed again.

alter table public.org_credentials
drop constraint managed_only_for_telephony;
