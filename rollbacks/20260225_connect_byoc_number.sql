-- Lets nobody connect or disconnect a number of the own.

drop function api.disconnect_byoc_number(uuid);

drop view private.disconnecting_a_number;

drop function private.disconnect_a_number();

drop function api.connect_byoc_number(text, text, text, uuid);

drop view private.connecting_a_number;

drop function private.connect_a_number();
