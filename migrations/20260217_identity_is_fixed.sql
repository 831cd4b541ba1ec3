-- depends: 20260216_living_keys
--
-- Who a row belongs to, when and as what it was made never changes.
--
-- A row moved to another organization would take its secrets and its history along; a
-- BYOC credential turned into a managed one would be ours to bill. The digits of a
-- number in use do not change either: calls and agents point to them.
--
-- Locks: the tables can be read but not written for an instant.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function private.refuse_row()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.refuse(tg_argv[0], format('%s of %s', lower(tg_op), tg_table_name));
    return null;
end
$$;

comment on function private.refuse_row() is
'Refuses whatever its trigger fires for, with the reason that the trigger names.';

create trigger identity_is_fixed
before update on public.organizations
for each row
when (
    (old.id, old.created_at)
    is distinct from (new.id, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.organizations is
'Everything an organization has hangs on its id.';

create trigger identity_is_fixed
before update on public.user_org_roles
for each row
when (
    (old.org_id, old.id, old.user_id, old.created_at)
    is distinct from (new.org_id, new.id, new.user_id, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.user_org_roles is
'Another person or organization is another membership.';

create trigger identity_is_fixed
before update on public.org_credentials
for each row
when (
    (old.org_id, old.id, old.created_at, old.is_managed)
    is distinct from (new.org_id, new.id, new.created_at, new.is_managed)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.org_credentials is
'A credential stays where it is sealed for, and what it was bought as.';

create trigger identity_is_fixed
before update on public.twilio_subaccounts
for each row
when (
    (old.org_id, old.id, old.created_at)
    is distinct from (new.org_id, new.id, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.twilio_subaccounts is
'A subaccount is billed to the organization that it was opened for.';

create trigger identity_is_fixed
before update on public.managed_phone_numbers
for each row
when (
    (old.org_id, old.id, old.created_at)
    is distinct from (new.org_id, new.id, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.managed_phone_numbers is
'A number goes to another organization only by release and a new row.';

create trigger identity_is_fixed
before update on public.agents
for each row
when (
    (old.org_id, old.id, old.created_at)
    is distinct from (new.org_id, new.id, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.agents is
'Assignments carry the organization of the agent.';

create trigger identity_is_fixed
before update on public.org_feature_flags
for each row
when (
    (old.org_id, old.id, old.flag_key, old.created_at)
    is distinct from (new.org_id, new.id, new.flag_key, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.org_feature_flags is
'Another flag or organization is another row.';

create trigger identity_is_fixed
before update on public.feature_flags
for each row
when (
    (old.id, old.created_at)
    is distinct from (new.id, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.feature_flags is
'What was rolled out stays the same flag.';

create trigger identity_is_fixed
before update on public.org_limits
for each row
when (old.org_id is distinct from new.org_id)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.org_limits is
'Limits are set for one organization.';

create trigger identity_is_fixed
before update on public.org_data_keys
for each row
when (
    (old.org_id, old.version, old.created_at)
    is distinct from (new.org_id, new.version, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.org_data_keys is
'A key opens only under its organization and version.';

create trigger digits_are_fixed
before update on public.managed_phone_numbers
for each row
when (
    old.status in ('provisioning', 'active')
    and old.phone_number is distinct from new.phone_number
)
execute function private.refuse_row('digits_are_fixed');

comment on trigger digits_are_fixed on public.managed_phone_numbers is
'Other digits are another number.';

create trigger digits_are_fixed
before update on public.org_credentials
for each row
when (
    old.is_active
    and old.phone_number <> coalesce(new.phone_number, '')
    and not (new.phone_number is null and new.encrypted_config not like 'v2:%')
)
execute function private.refuse_row('digits_are_fixed');

comment on trigger digits_are_fixed on public.org_credentials is
'Other digits are another number; a credential sealed in the form of before may learn '
'its own, and lose it again when that is undone.';
