-- depends: 20260222_number_routes_filled
--
-- Whether a feature is on for an organization, with a roll-out that means what it says.
--
-- The roll-out took a signed hash modulo 100, so that 1 % enabled half of the
-- organizations. The bucket of an organization is 0 to 99 now, the same for every
-- program, and another for every flag.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function private.rollout_bucket(flag_key text, org_id uuid)
returns integer
language sql
immutable
set search_path = ''
return (
    ('x' || left(md5(flag_key || ':' || org_id), 8))::bit(32)::bigint % 100
)::integer;

comment on function private.rollout_bucket(text, uuid) is
'0 to 99: the organization has the feature when the roll-out is above its bucket. '
'32 bits read as a bigint have no sign.';

grant execute on function private.rollout_bucket(text, uuid) to authenticated;

create view api.features
with (security_invoker = true, security_barrier = true)
as
select
    f.flag_key,
    coalesce(
        o.enabled,
        coalesce(f.enabled_globally, false)
        and private.rollout_bucket(f.flag_key, me.org_id)
        < coalesce(f.rollout_percentage, 0),
        false
    ) as enabled
from public.feature_flags as f
cross join (select private.current_org_id() as org_id) as me
left join public.org_feature_flags as o
    on
        f.flag_key = o.flag_key
        and me.org_id = o.org_id;

comment on view api.features is
'Which features your organization has: its own setting first, then the roll-out.';

grant select (flag_key, enabled_globally, rollout_percentage)
on table public.feature_flags to authenticated;

grant select (org_id, flag_key, enabled)
on table public.org_feature_flags to authenticated;

grant select on table api.features to authenticated;

create function api.feature_enabled(flag_key text)
returns boolean
language sql
stable
set search_path = ''
return coalesce(
    (
        select f.enabled
        from api.features as f
        where f.flag_key = $1
    ),
    false
);

comment on function api.feature_enabled(text) is
'Whether your organization has the feature; an unknown flag is off.';

grant execute on function api.feature_enabled(text) to authenticated;
