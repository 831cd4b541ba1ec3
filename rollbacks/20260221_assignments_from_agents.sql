-- Removes the assignments.
--
-- loses: public.agent_phone_assignments rows — the phones that agents name make the first ones again

comment on column public.agents.vapi_phone_number_id is null;

delete from public.agent_phone_assignments;
