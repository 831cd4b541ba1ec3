-- Lets nobody give a managed number back.

drop function api.release_managed_number(text);

drop view private.giving_a_number_back;

drop function private.release_a_number();
