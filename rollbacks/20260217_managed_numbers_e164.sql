-- Lets a managed number be any text again.

alter table public.managed_phone_numbers
drop constraint phone_number_is_e164;
