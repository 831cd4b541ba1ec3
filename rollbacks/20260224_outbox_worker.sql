-- Leaves the messages in the outbox.

drop function worker.settle_outbox(uuid, uuid, boolean);

drop function worker.claim_outbox(integer, interval);

drop function private.ask_for_a_lease(integer, interval);

drop function private.tell(uuid, text, text, jsonb);
