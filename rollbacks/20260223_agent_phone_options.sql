-- Takes the dropdown's view away.

drop view api.agent_phone_options;

revoke select (org_id, status) on table public.twilio_subaccounts from authenticated;

revoke select (
    org_id, id, phone_number, is_managed, is_active, can_inbound, can_outbound
)
on table public.org_credentials from authenticated;
