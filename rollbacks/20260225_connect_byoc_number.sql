-- Lets nobody connect or disconnect a number of the own.

drop function worker.connect_proved_number(uuid, text, text, text, uuid);

drop function api.disconnect_byoc_number(uuid);

drop view private.disconnecting_a_number;

drop function private.disconnect_a_number();

drop function api.connect_byoc_number(text, text, text, uuid);

drop view private.connecting_a_number;

drop function private.connect_a_number();

drop function private.connect_number(uuid, text, text, text, uuid, timestamptz);

drop function private.retire_credential(uuid, uuid);
