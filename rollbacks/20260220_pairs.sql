-- Lets half a pair stand again.

drop trigger credential_has_its_number on public.org_credentials;

drop function private.keep_pair_of_credential();

drop trigger number_has_its_credential on public.managed_phone_numbers;

drop function private.keep_pair_of_number();

drop function private.keep_pair(uuid, text);
