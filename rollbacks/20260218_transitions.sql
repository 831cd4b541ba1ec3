-- Lets any state follow any other again.
--
-- loses: public.provisioning_transitions rows — the migration makes the first ones again

drop trigger next_state on public.twilio_subaccounts;

drop trigger first_state on public.twilio_subaccounts;

drop trigger next_state on public.managed_phone_numbers;

drop trigger first_state on public.managed_phone_numbers;

drop function private.follow_transition();

drop function private.caller();

drop table public.provisioning_transitions;
