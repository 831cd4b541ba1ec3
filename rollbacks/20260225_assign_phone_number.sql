-- Lets nobody assign a number.

drop function api.unassign_phone_number(uuid, text);

drop view private.unassigning_a_number;

drop function private.unassign_a_number();

drop function api.assign_phone_number(uuid, text, uuid);

drop view private.assigning_a_number;

drop function private.assign_a_number();
