-- Takes the answer away whether a number may be requested.

drop function api.validate_can_provision();

drop view api.provisioning_permission;
