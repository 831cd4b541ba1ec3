-- Lets a value be sealed under a destroyed key again.

drop trigger keys_in_use_are_kept on public.org_data_keys;

drop function private.keep_keys_in_use();

drop trigger resealed_under_a_living_key on public.twilio_subaccounts;

drop trigger sealed_under_a_living_key on public.twilio_subaccounts;

drop trigger resealed_under_a_living_key on public.org_credentials;

drop trigger sealed_under_a_living_key on public.org_credentials;

drop function private.seal_under_a_living_key();
