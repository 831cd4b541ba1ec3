-- Removes the four schemas, and lets everyone execute new functions again.
--
-- leaves: role telephony_worker — cluster-wide, other databases may use it
-- leaves: role telephony_backfill — cluster-wide, other databases may use it
-- leaves: role telephony_auditor — cluster-wide, other databases may use it

alter default privileges grant execute on functions to public;

drop schema audit;

drop schema private;

drop schema worker;

drop schema api;
