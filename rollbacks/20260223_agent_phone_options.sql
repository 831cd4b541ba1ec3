-- Takes the dropdown's view away.

drop view api.agent_phone_options;

revoke select (
    org_id,
    credential_id,
    phone_number,
    is_managed,
    can_inbound,
    can_outbound,
    account_status
)
on table public.number_routes from authenticated;
