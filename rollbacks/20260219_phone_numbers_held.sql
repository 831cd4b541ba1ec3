-- Lets a number be live in two organizations again.
--
-- loses: public.phone_numbers_held rows — filled again from numbers and credentials

drop trigger a_live_number_is_held on public.org_credentials;

drop function private.hold_byoc_number();

drop trigger a_live_number_is_held on public.managed_phone_numbers;

drop function private.hold_managed_number();

drop function private.give_number_back(text, uuid, interval);

drop function private.hold_number(text, uuid, text);

drop function private.quarantine_period();

drop table public.phone_numbers_held;
