-- depends: 20260223_provisioning_status
--
-- Whether an organization may have a managed number, and if not, why.
--
-- The page asks before it offers the button, and the request asks again: both look
-- here, so both give the same sentence.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create view api.provisioning_permission
with (security_invoker = true, security_barrier = true)
as
select
    judged.reason_code is null as can_provision,
    judged.reason_code,
    (
        select r.message
        from public.telephony_reasons as r
        where r.reason_code = judged.reason_code
    ) as reason,
    judged.existing_number
from (
    select
        mine.existing_number,
        case
            when mine.org_id is null then 'no_organization'
            when mine.existing_number is not null then 'one_managed_number_per_org'
            when exists (
                select
                from public.provisioning_requests as r
                where r.org_id = mine.org_id and r.state in ('queued', 'running')
            ) then 'one_managed_number_per_org'
            when not coalesce(
                (
                    select f.enabled
                    from api.features as f
                    where f.flag_key = 'managed_telephony'
                ),
                false
            ) then 'feature_disabled'
            else (
                select 'subaccount_' || s.status
                from public.twilio_subaccounts as s
                where s.org_id = mine.org_id and s.status <> 'active'
            )
        end as reason_code
    from (
        select
            me.org_id,
            (
                select n.phone_number
                from public.number_routes as n
                where n.org_id = me.org_id and n.is_managed
            ) as existing_number
        from (select private.current_org_id() as org_id) as me
    ) as mine
) as judged;

comment on view api.provisioning_permission is
'One row: whether your organization may request a managed number, and why not.';

comment on column api.provisioning_permission.reason_code is
'Null: it may.';

comment on column api.provisioning_permission.existing_number is
'The managed number that it has; null: none, or one that is still being bought.';

create view api.managed_number
with (security_invoker = true, security_barrier = true)
as
select
    n.phone_number,
    (
        select r.message
        from public.telephony_reasons as r
        where r.reason_code = 'one_managed_number_per_org'
    ) as refusal
from public.number_routes as n
where n.is_managed;

comment on view api.managed_number is
'The managed number of your organization, if it has one.';

comment on column api.managed_number.refusal is
'The sentence with which a second one is refused.';

grant select on table api.managed_number to authenticated;

grant select (org_id, status) on table public.twilio_subaccounts to authenticated;

grant select on table api.provisioning_permission to authenticated;

create function api.validate_can_provision()
returns table (
    can_provision boolean,
    reason_code text,
    reason text,
    existing_number text
)
language plpgsql
stable
rows 1
set search_path = ''
as $$
begin
    -- Most who ask have a number, and that is answered by two look-ups. Row-level
    -- security keeps signed-in users, and only them, to their own organization.
    return query
    select
        false,
        'one_managed_number_per_org',
        m.refusal,
        m.phone_number
    from api.managed_number as m
    where current_user = 'authenticated';

    if found then
        return;
    end if;

    return query
    select
        p.can_provision,
        p.reason_code,
        p.reason,
        p.existing_number
    from api.provisioning_permission as p;
end
$$;

comment on function api.validate_can_provision() is
'Whether your organization may request a managed number; '
'if not, the reason, and the number that it has.';

grant execute on function api.validate_can_provision() to authenticated;
