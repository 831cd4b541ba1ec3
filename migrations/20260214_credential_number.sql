-- depends: 20260213_org_limits
--
-- A telephony credential shows its number, its account and what it can do.
--
-- Number and account stood inside the sealed value only, where no query may look. A
-- credential of before gets its number when it is sealed anew (backfill
-- reseal-credentials); until then it is not offered to agents.
--
-- Locks: an exclusive lock on org_credentials for an instant; no row is rewritten.
-- Duration: milliseconds.
-- Rollback: loses the numbers; the sealed values still hold them.

alter table public.org_credentials
add column phone_number text,
add column account_sid text,
add column can_inbound boolean not null default true,
add column can_outbound boolean not null default true;

comment on column public.org_credentials.phone_number is
'E.164. Null: no telephony credential, or one of before whose number is only in the '
'sealed value.';

comment on column public.org_credentials.account_sid is
'The Twilio account; null as for phone_number, and for managed credentials.';

comment on column public.org_credentials.can_inbound is
'Calls to the number can be answered.';

comment on column public.org_credentials.can_outbound is
'Calls can be made from the number.';
