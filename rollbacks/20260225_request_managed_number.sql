-- Lets nobody ask for a managed number.

drop function api.request_managed_number(text, text, text, text);

drop view private.asking_for_a_number;

drop function private.ask_for_a_number();
