-- Takes the answer away whether a number may be requested.

drop function api.validate_can_provision();

drop view api.managed_number;

drop view api.provisioning_permission;

revoke select (org_id, status) on table public.twilio_subaccounts from authenticated;
