-- depends: 20260215_org_data_keys
--
-- A sealed value names its key version where a query can see it.
--
-- Locks: an exclusive lock on org_credentials and twilio_subaccounts for an instant; no
-- row is rewritten.
-- Duration: milliseconds.
-- Rollback: loses the versions; the sealed values name them too.

alter table public.org_credentials
add column key_version integer;

comment on column public.org_credentials.key_version is
'The data key that the value is sealed under; null: sealed in the form of before.';

alter table public.twilio_subaccounts
add column key_version integer;

comment on column public.twilio_subaccounts.key_version is
'The data key that the token is sealed under; null: sealed in the form of before.';
