-- Lets no call be routed by the database.

drop function worker.outbound_credential(uuid);

drop function worker.route_inbound_call(public.e164);
