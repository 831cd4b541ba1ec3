-- check: each constraint says why it is there
select
    expected.name || ' on ' || expected.tbl as subject,
    'no comment' as detail
from (
    values
    ('public.organizations', 'organizations_telephony_mode_check'),
    ('public.organizations', 'name_has_an_end'),
    ('public.user_org_roles', 'user_org_roles_role_check'),
    ('public.org_credentials', 'org_credentials_provider_check'),
    ('public.twilio_subaccounts', 'twilio_subaccounts_status_check'),
    ('public.twilio_subaccounts', 'twilio_subaccounts_twilio_account_sid_key'),
    ('public.twilio_subaccounts', 'name_has_an_end'),
    ('public.managed_phone_numbers', 'managed_phone_numbers_number_type_check'),
    ('public.managed_phone_numbers', 'managed_phone_numbers_status_check'),
    ('public.managed_phone_numbers', 'managed_phone_numbers_twilio_phone_sid_key'),
    ('public.managed_phone_numbers', 'names_have_an_end'),
    ('public.agents', 'name_has_an_end'),
    ('public.feature_flags', 'feature_flags_rollout_percentage_check'),
    ('public.feature_flags', 'feature_flags_flag_key_key'),
    ('public.org_feature_flags', 'org_feature_flags_org_id_flag_key_key'),
    ('public.telephony_reasons', 'reason_code_is_a_word'),
    ('public.telephony_reasons', 'errcode_is_ours'),
    ('public.number_markets', 'country_code_is_iso'),
    ('public.number_markets', 'number_type_is_known'),
    ('public.org_limits', 'limits_are_not_negative'),
    ('public.org_data_keys', 'version_counts_from_one'),
    ('public.org_data_keys', 'key_state_is_known'),
    ('public.provisioning_transitions', 'machine_is_known'),
    ('public.phone_numbers_held', 'held_kind_is_known'),
    ('public.provisioning_requests', 'area_code_is_digits'),
    ('public.provisioning_requests', 'attempts_are_counted'),
    ('public.provisioning_requests', 'idempotency_key_is_short'),
    ('public.provisioning_requests', 'parameters_hash_is_sha256'),
    ('public.provisioning_requests', 'request_state_is_known'),
    ('public.provider_operations', 'operation_kind_is_known'),
    ('public.provider_operations', 'operation_state_is_known'),
    ('public.outbox', 'topic_is_known'),
    ('public.outbox', 'tries_are_counted'),
    ('public.outbox', 'dead_is_not_delivered'),
    ('audit.events', 'action_is_known'),
    ('audit.events', 'events_count_from_one')
) as expected (tbl, name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass(expected.tbl)
        and con.conname = expected.name
where obj_description(con.oid, 'pg_constraint') is null;

-- check: each unique index says why it is there
select
    expected.name as subject,
    'no comment' as detail
from (
    values
    ('idx_org_credentials_one_active_per_number'),
    ('idx_org_credentials_assignable'),
    ('idx_org_credentials_nonce'),
    ('idx_twilio_subaccounts_nonce')
) as expected (name)
where obj_description(to_regclass('public.' || expected.name), 'pg_class') is null;

-- check: the form of a number says what it is
select
    'e164_form' as subject,
    'no comment' as detail
where
    not exists (
        select
        from pg_constraint as con
        where
            con.contypid = to_regtype('public.e164')
            and con.conname = 'e164_form'
            and obj_description(con.oid, 'pg_constraint') is not null
    );
