-- Takes the assignments away; agents.vapi_phone_number_id still says what it said.
--
-- loses: public.agent_phone_assignments rows — nothing recreates those made since

drop table public.agent_phone_assignments;
