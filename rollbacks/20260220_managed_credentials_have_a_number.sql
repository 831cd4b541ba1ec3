-- Lets a managed credential be without its number again.

alter table public.org_credentials
drop constraint active_managed_has_a_number;
