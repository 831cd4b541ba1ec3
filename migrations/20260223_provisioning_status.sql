-- depends: 20260223_agent_phone_options
--
-- An organization sees what became of its requests.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create view api.provisioning_status
with (security_invoker = true, security_barrier = true)
as
select
    r.id as request_id,
    r.idempotency_key,
    r.country_code as country,
    r.number_type,
    r.area_code,
    r.state,
    r.pinned_number as phone_number,
    r.reason_code,
    r.user_message as reason,
    r.created_at,
    r.updated_at
from public.provisioning_requests as r;

comment on view api.provisioning_status is
'The requests of your organization for managed numbers.';

comment on column api.provisioning_status.phone_number is
'The number that is being bought, or was; null: none chosen yet.';

comment on column api.provisioning_status.reason is
'Why it failed; null: it has not failed.';

grant select (
    org_id,
    id,
    idempotency_key,
    country_code,
    number_type,
    area_code,
    state,
    pinned_number,
    reason_code,
    user_message,
    created_at,
    updated_at
)
on table public.provisioning_requests to authenticated;

grant select on table api.provisioning_status to authenticated;
