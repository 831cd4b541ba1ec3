-- Lets a value be sealed in any form, under any key, again.

alter table public.org_credentials
drop constraint sealed_under_a_key_of_the_org,
drop constraint key_version_is_the_sealed_one,
drop constraint sealed_in_a_known_form;
