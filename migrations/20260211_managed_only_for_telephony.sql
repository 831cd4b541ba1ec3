-- depends: 20260211_active_flag_settled
-- transactional: false
--
-- Only a telephony credential can be managed; a calendar or a mailbox never is.
--
-- This is why the index "one managed number" need not ask for the provider.
--
-- Locks: an exclusive lock on org_credentials for an instant; validation stops neither
-- reads nor writes.
-- Duration: one scan of org_credentials.
-- Rollback: loses nothing.

alter table public.org_credentials
add constraint managed_only_for_telephony
check (not is_managed or provider in ('twilio', 'vapi')) not valid;

alter table public.org_credentials
validate constraint managed_only_for_telephony;

comment on constraint managed_only_for_telephony on public.org_credentials is
'We buy phone numbers and nothing else for an organization.';
