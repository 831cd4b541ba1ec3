-- depends: 20260226_audit_log
--
-- Whatever changes a credential, number, subaccount, assignment, flag or data key is in
-- the audit log.
--
-- The triggers fire always: session_replication_role does not switch them off. What
-- cannot be told row by row, TRUNCATE, is refused. The rows that a statement inserts are
-- told together, since backfills insert many; the flags for everybody, which belong to no
-- organization, one by one.
--
-- Locks: the seven tables can be read but not written for an instant.
-- Duration: milliseconds.
-- Rollback: loses nothing; the events so far stay.

create trigger audited
after update or delete on public.org_credentials
for each row execute function private.record_event();

comment on trigger audited on public.org_credentials is
'Every change is in audit.events.';

create trigger audited_inserts
after insert on public.org_credentials
referencing new table as inserted
for each statement execute function private.record_inserts();

comment on trigger audited_inserts on public.org_credentials is
'Every new row is in audit.events.';

create trigger audited_whole
before truncate on public.org_credentials
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger audited_whole on public.org_credentials is
'A TRUNCATE cannot be told row by row.';

create trigger audited
after update or delete on public.managed_phone_numbers
for each row execute function private.record_event();

comment on trigger audited on public.managed_phone_numbers is
'Every change is in audit.events.';

create trigger audited_inserts
after insert on public.managed_phone_numbers
referencing new table as inserted
for each statement execute function private.record_inserts();

comment on trigger audited_inserts on public.managed_phone_numbers is
'Every new row is in audit.events.';

create trigger audited_whole
before truncate on public.managed_phone_numbers
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger audited_whole on public.managed_phone_numbers is
'A TRUNCATE cannot be told row by row.';

create trigger audited
after update or delete on public.twilio_subaccounts
for each row execute function private.record_event();

comment on trigger audited on public.twilio_subaccounts is
'Every change is in audit.events.';

create trigger audited_inserts
after insert on public.twilio_subaccounts
referencing new table as inserted
for each statement execute function private.record_inserts();

comment on trigger audited_inserts on public.twilio_subaccounts is
'Every new row is in audit.events.';

create trigger audited_whole
before truncate on public.twilio_subaccounts
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger audited_whole on public.twilio_subaccounts is
'A TRUNCATE cannot be told row by row.';

create trigger audited
after update or delete on public.agent_phone_assignments
for each row execute function private.record_event();

comment on trigger audited on public.agent_phone_assignments is
'Every change is in audit.events.';

create trigger audited_inserts
after insert on public.agent_phone_assignments
referencing new table as inserted
for each statement execute function private.record_inserts();

comment on trigger audited_inserts on public.agent_phone_assignments is
'Every new row is in audit.events.';

create trigger audited_whole
before truncate on public.agent_phone_assignments
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger audited_whole on public.agent_phone_assignments is
'A TRUNCATE cannot be told row by row.';

create trigger audited
after insert or update or delete on public.feature_flags
for each row execute function private.record_event();

comment on trigger audited on public.feature_flags is
'Every change is in audit.events.';

create trigger audited_whole
before truncate on public.feature_flags
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger audited_whole on public.feature_flags is
'A TRUNCATE cannot be told row by row.';

create trigger audited
after update or delete on public.org_feature_flags
for each row execute function private.record_event();

comment on trigger audited on public.org_feature_flags is
'Every change is in audit.events.';

create trigger audited_inserts
after insert on public.org_feature_flags
referencing new table as inserted
for each statement execute function private.record_inserts();

comment on trigger audited_inserts on public.org_feature_flags is
'Every new row is in audit.events.';

create trigger audited_whole
before truncate on public.org_feature_flags
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger audited_whole on public.org_feature_flags is
'A TRUNCATE cannot be told row by row.';

create trigger audited
after update or delete on public.org_data_keys
for each row execute function private.record_event();

comment on trigger audited on public.org_data_keys is
'Every change is in audit.events.';

create trigger audited_inserts
after insert on public.org_data_keys
referencing new table as inserted
for each statement execute function private.record_inserts();

comment on trigger audited_inserts on public.org_data_keys is
'Every new row is in audit.events.';

create trigger audited_whole
before truncate on public.org_data_keys
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger audited_whole on public.org_data_keys is
'A TRUNCATE cannot be told row by row.';

alter table public.org_credentials enable always trigger audited;
alter table public.org_credentials enable always trigger audited_inserts;
alter table public.org_credentials enable always trigger audited_whole;
alter table public.managed_phone_numbers enable always trigger audited;
alter table public.managed_phone_numbers enable always trigger audited_inserts;
alter table public.managed_phone_numbers enable always trigger audited_whole;
alter table public.twilio_subaccounts enable always trigger audited;
alter table public.twilio_subaccounts enable always trigger audited_inserts;
alter table public.twilio_subaccounts enable always trigger audited_whole;
alter table public.agent_phone_assignments enable always trigger audited;
alter table public.agent_phone_assignments enable always trigger audited_inserts;
alter table public.agent_phone_assignments enable always trigger audited_whole;
alter table public.feature_flags enable always trigger audited;
alter table public.feature_flags enable always trigger audited_whole;
alter table public.org_feature_flags enable always trigger audited;
alter table public.org_feature_flags enable always trigger audited_inserts;
alter table public.org_feature_flags enable always trigger audited_whole;
alter table public.org_data_keys enable always trigger audited;
alter table public.org_data_keys enable always trigger audited_inserts;
alter table public.org_data_keys enable always trigger audited_whole;
