-- depends: 20260210_managed_credentials_org_index
-- transactional: false
--
-- Managed and BYOC credentials live side by side in org_credentials.
--
-- unique_org_provider allowed one row for each organization and provider. So a managed
-- Twilio credential could not stand beside the customer's own, and an upsert on it
-- overwrote the customer's secret in place. The indexes of the changes before this one
-- say what is really meant; now the constraint can go. A secret is never overwritten:
-- `on conflict (org_id, provider)` fails from here on.
--
-- Not in a transaction, because the rollback builds the constraint's index
-- concurrently. Stopped at any statement, it can go on from there.
--
-- Locks: an exclusive lock on org_credentials for an instant.
-- Duration: milliseconds.
-- Rollback: deletes the managed rows; the backfill managed-credentials recreates them.
-- Refuses while an organization has two credentials of its own for one provider.

alter table public.org_credentials
drop constraint unique_org_provider;

comment on column public.org_credentials.is_managed is
'True: managed, on a number that we bought for the organization. '
'False: BYOC, the customer''s own account.';

comment on index public.idx_org_credentials_managed is
'Serves the dropdown that offers an organization''s managed and BYOC credentials.';

comment on index public.idx_org_credentials_one_managed_per_org is
'One active managed Twilio credential for each organization; '
'clients look for this index by name.';

comment on index public.idx_org_credentials_one_managed_telephony_per_org is
'One active managed number for each organization, whatever the provider: '
'the only place where this rule stands.';

comment on index public.idx_org_credentials_one_active_per_integration is
'One active credential of its own for each organization and integration. '
'Twilio is left out, because a customer may bring several numbers.';

comment on index public.idx_org_credentials_any_of_org is
'Finds inactive credentials as well, and serves the foreign key to organizations.';
