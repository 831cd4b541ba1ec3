-- Lets changes go by without a trace again.

drop trigger audited_whole on public.org_data_keys;

drop trigger audited_inserts on public.org_data_keys;

drop trigger audited on public.org_data_keys;

drop trigger audited_whole on public.org_feature_flags;

drop trigger audited_inserts on public.org_feature_flags;

drop trigger audited on public.org_feature_flags;

drop trigger audited_whole on public.feature_flags;

drop trigger audited on public.feature_flags;

drop trigger audited_whole on public.agent_phone_assignments;

drop trigger audited_inserts on public.agent_phone_assignments;

drop trigger audited on public.agent_phone_assignments;

drop trigger audited_whole on public.twilio_subaccounts;

drop trigger audited_inserts on public.twilio_subaccounts;

drop trigger audited on public.twilio_subaccounts;

drop trigger audited_whole on public.managed_phone_numbers;

drop trigger audited_inserts on public.managed_phone_numbers;

drop trigger audited on public.managed_phone_numbers;

drop trigger audited_whole on public.org_credentials;

drop trigger audited_inserts on public.org_credentials;

drop trigger audited on public.org_credentials;
