-- Forgets what happened.
--
-- Keep a copy of audit.events and audit.heads before: a chain verifies anywhere.
--
-- loses: audit.events rows — nothing recreates them
-- loses: audit.heads rows — nothing recreates them

drop function private.record_inserts();

drop aggregate private.chained(audit.events);

drop function private.next_hash(bytea, audit.events);

drop function private.record_event();

drop function private.row_key(name, jsonb);

drop function private.redact(jsonb);

drop function audit.verify_chain(uuid);

drop function audit.event_hash(audit.events);

drop table audit.heads;

drop table audit.events;
