-- Lets a name be as long as it likes.

alter table public.managed_phone_numbers
drop constraint names_have_an_end;

alter table public.twilio_subaccounts
drop constraint name_has_an_end;

alter table public.agents
drop constraint name_has_an_end;

alter table public.organizations
drop constraint name_has_an_end;
