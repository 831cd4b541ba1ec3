-- Hides from organizations what became of their requests.

drop view api.provisioning_status;

revoke select (
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
on table public.provisioning_requests from authenticated;
