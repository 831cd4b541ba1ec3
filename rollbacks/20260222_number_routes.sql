-- Takes the routes away; each is put together from four tables again.
--
-- loses: public.number_routes rows — made of the four tables again

drop trigger answers_are_kept on public.agents;

drop trigger answers_are_kept on public.agent_phone_assignments;

drop trigger answers_are_kept on public.twilio_subaccounts;

drop trigger answers_are_made on public.org_credentials;

drop trigger answers_are_kept on public.org_credentials;

drop function private.keep_routes();

drop function private.keep_route_of_credential();

drop function private.make_first_routes();

drop function private.make_route(uuid, uuid);

drop table public.number_routes;
