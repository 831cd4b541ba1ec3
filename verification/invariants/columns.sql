-- since: 20260301_rules_documented
--
-- Whoever adds or alters a column writes it here, and names the change above.

-- check: every column has a value, but for those written here
select
    coalesce(written.relation, found.relation) as subject,
    format(
        'written: %s; found: %s',
        coalesce(written.columns, 'none'),
        coalesce(found.columns, 'none')
    ) as detail
from (
    values
    ('audit.events', 'actor'),
    ('private.missing_active_flags', 'updated_at'),
    ('public.agents', 'name, role, is_active, vapi_phone_number_id, created_at'),
    (
        'public.feature_flags',
        'description, enabled_globally, rollout_percentage, created_at, updated_at'
    ),
    (
        'public.managed_phone_numbers',
        'vapi_phone_id, vapi_credential_id, voice_enabled, sms_enabled, '
        'provisioned_at, released_at'
    ),
    (
        'public.org_credentials',
        'metadata, last_verified_at, verification_error, connected_email, '
        'connected_calendar_email, created_at, updated_at, phone_number, '
        'account_sid, key_version'
    ),
    ('public.number_routes', 'inbound_agent_id, key_version'),
    ('public.org_data_keys', 'wrapped'),
    ('public.org_feature_flags', 'created_at, updated_at'),
    ('public.organizations', 'telephony_mode, vapi_credential_id, created_at'),
    ('public.outbox', 'delivered_at'),
    ('public.phone_numbers_held', 'quarantined_until'),
    ('public.provider_operations', 'subject, provider_ref, detail'),
    (
        'public.provisioning_requests',
        'requested_by, area_code, pinned_number, lease_until, reason_code, '
        'user_message'
    ),
    (
        'public.twilio_subaccounts',
        'monthly_number_cost_cents, suspended_at, closed_at, suspension_reason, '
        'key_version'
    ),
    ('public.user_org_roles', 'created_at, updated_at')
) as written (relation, columns)
full join (
    select
        format('%s.%s', n.nspname, c.relname) as relation,
        string_agg(a.attname, ', ' order by a.attnum) as columns
    from pg_class as c
    inner join pg_namespace as n
        on c.relnamespace = n.oid
    inner join pg_attribute as a
        on
            c.oid = a.attrelid
            and a.attnum > 0
            and not a.attisdropped
            and not a.attnotnull
    where
        n.nspname in ('public', 'api', 'worker', 'private', 'audit')
        and c.relkind in ('r', 'p')
        and c.relname !~ '^_?yoyo_'
    group by n.nspname, c.relname
) as found
    on written.relation = found.relation
where written.columns is distinct from found.columns;

-- check: a new row starts as it is written here
select
    coalesce(written.relation, found.relation) as subject,
    format(
        '%s, written: %s; found: %s',
        coalesce(written.value, found.value),
        coalesce(written.columns, 'none'),
        coalesce(found.columns, 'none')
    ) as detail
from (
    values
    ('public.agent_phone_assignments', 'now()', 'created_at'),
    ('public.agent_phone_assignments', 'true', 'credential_is_active'),
    ('public.agents', '''inbound''::text', 'role'),
    ('public.agents', 'gen_random_uuid()', 'id'),
    ('public.agents', 'now()', 'created_at'),
    ('public.feature_flags', '0', 'rollout_percentage'),
    ('public.feature_flags', 'false', 'enabled_globally'),
    ('public.feature_flags', 'gen_random_uuid()', 'id'),
    ('public.feature_flags', 'now()', 'created_at, updated_at'),
    ('public.managed_phone_numbers', '''US''::text', 'country_code'),
    ('public.managed_phone_numbers', '''local''::text', 'number_type'),
    ('public.managed_phone_numbers', '''provisioning''::text', 'status'),
    ('public.managed_phone_numbers', '150', 'monthly_cost_cents'),
    ('public.managed_phone_numbers', 'gen_random_uuid()', 'id'),
    ('public.managed_phone_numbers', 'now()', 'created_at, updated_at'),
    ('public.managed_phone_numbers', 'true', 'voice_enabled, sms_enabled'),
    ('public.org_credentials', 'false', 'is_managed'),
    ('public.org_credentials', 'gen_random_uuid()', 'id'),
    ('public.org_credentials', 'now()', 'created_at, updated_at'),
    ('public.org_credentials', 'true', 'is_active, can_inbound, can_outbound'),
    ('public.org_data_keys', 'now()', 'created_at'),
    ('public.org_feature_flags', 'gen_random_uuid()', 'id'),
    ('public.org_feature_flags', 'now()', 'created_at, updated_at'),
    ('public.org_limits', '10', 'max_requests_per_day'),
    ('public.org_limits', '20', 'max_byoc_numbers'),
    ('public.organizations', '''byoc''::text', 'telephony_mode'),
    ('public.organizations', 'gen_random_uuid()', 'id'),
    ('public.organizations', 'now()', 'created_at'),
    ('public.outbox', '0', 'attempts'),
    ('public.outbox', 'false', 'dead'),
    ('public.outbox', 'gen_random_uuid()', 'id'),
    ('public.outbox', 'now()', 'available_at, created_at'),
    ('public.phone_numbers_held', 'now()', 'since'),
    ('public.provider_operations', '''intended''::text', 'state'),
    ('public.provider_operations', 'gen_random_uuid()', 'id'),
    ('public.provider_operations', 'now()', 'created_at, updated_at'),
    ('public.provisioning_requests', '''queued''::text', 'state'),
    ('public.provisioning_requests', '0', 'attempt'),
    ('public.provisioning_requests', 'gen_random_uuid()', 'id'),
    ('public.provisioning_requests', 'now()', 'created_at, updated_at'),
    ('public.twilio_subaccounts', '''active''::text', 'status'),
    ('public.twilio_subaccounts', '150', 'monthly_number_cost_cents'),
    ('public.twilio_subaccounts', 'gen_random_uuid()', 'id'),
    ('public.twilio_subaccounts', 'now()', 'created_at, updated_at'),
    ('public.user_org_roles', 'gen_random_uuid()', 'id'),
    ('public.user_org_roles', 'now()', 'created_at, updated_at')
) as written (relation, value, columns)
full join (
    select
        format('%s.%s', n.nspname, c.relname) as relation,
        pg_get_expr(d.adbin, d.adrelid) as value,
        string_agg(a.attname, ', ' order by a.attnum) as columns
    from pg_class as c
    inner join pg_namespace as n
        on c.relnamespace = n.oid
    inner join pg_attribute as a
        on
            c.oid = a.attrelid
            and not a.attisdropped
    inner join pg_attrdef as d
        on
            a.attrelid = d.adrelid
            and a.attnum = d.adnum
    where
        n.nspname in ('public', 'api', 'worker', 'private', 'audit')
        and c.relname !~ '^_?yoyo_'
    group by n.nspname, c.relname, pg_get_expr(d.adbin, d.adrelid)
) as found
    on
        written.relation = found.relation
        and written.value = found.value
where written.columns is distinct from found.columns;

-- check: a column says what it means, but for those written here, whose name says it
select
    format('%s.%s.%s', n.nspname, c.relname, a.attname) as subject,
    'no comment' as detail
from pg_class as c
inner join pg_namespace as n
    on c.relnamespace = n.oid
inner join pg_attribute as a
    on
        c.oid = a.attrelid
        and a.attnum > 0
        and not a.attisdropped
left join (
    values
    (
        'api.agent_phone_options',
        'badge, can_inbound, can_outbound, credential_id, label, phone_number'
    ),
    ('api.features', 'enabled, flag_key'),
    ('api.managed_number', 'phone_number'),
    ('api.provisioning_permission', 'can_provision, reason'),
    (
        'api.provisioning_status',
        'area_code, country, created_at, idempotency_key, number_type, reason_code, '
        'request_id, state, updated_at'
    ),
    ('audit.events', 'action, at, subject'),
    ('audit.heads', 'hash, org_id, seq'),
    (
        'private.asking_for_a_number',
        'area_code, country, idempotency_key, number_type, request_id, state'
    ),
    ('private.assigning_a_number', 'agent_id, credential_id, direction'),
    (
        'private.connecting_a_number',
        'account_sid, credential_id, phone_number, sealed_config'
    ),
    ('private.disconnecting_a_number', 'credential_id'),
    ('private.giving_a_number_back', 'phone_number'),
    ('private.missing_active_flags', 'credential_id, org_id'),
    ('private.unassigning_a_number', 'agent_id, direction'),
    (
        'public.agent_phone_assignments',
        'agent_id, created_at, credential_id, direction, org_id'
    ),
    ('public.agents', 'created_at, id, name, org_id, role'),
    (
        'public.feature_flags',
        'created_at, description, flag_key, flag_name, id, updated_at'
    ),
    (
        'public.managed_phone_numbers',
        'country_code, created_at, id, number_type, org_id, phone_number, '
        'sms_enabled, status, subaccount_id, twilio_phone_sid, updated_at, '
        'voice_enabled'
    ),
    ('public.number_markets', 'number_type'),
    (
        'public.number_routes',
        'can_inbound, can_outbound, credential_id, is_managed, org_id, phone_number'
    ),
    ('public.org_credentials', 'created_at, id, org_id, provider, updated_at'),
    ('public.org_data_keys', 'created_at, org_id'),
    (
        'public.org_feature_flags',
        'created_at, enabled, flag_key, id, org_id, updated_at'
    ),
    ('public.org_limits', 'org_id'),
    ('public.organizations', 'created_at, id, name'),
    ('public.outbox', 'attempts, created_at, id, org_id, topic'),
    ('public.phone_numbers_held', 'kind, org_id, phone_number'),
    (
        'public.provider_operations',
        'created_at, id, kind, org_id, request_id, updated_at'
    ),
    (
        'public.provisioning_requests',
        'country_code, created_at, id, number_type, org_id, reason_code, state, '
        'updated_at'
    ),
    ('public.provisioning_transitions', 'to_state'),
    (
        'public.twilio_subaccounts',
        'created_at, friendly_name, id, org_id, status, twilio_account_sid, updated_at'
    ),
    ('public.user_org_roles', 'created_at, id, org_id, updated_at')
) as plain (relation, columns)
    on plain.relation = format('%s.%s', n.nspname, c.relname)
where
    n.nspname in ('public', 'api', 'worker', 'private', 'audit')
    and c.relkind in ('r', 'p', 'v')
    and c.relname !~ '^_?yoyo_'
    and a.attname <> all(string_to_array(coalesce(plain.columns, ''), ', '))
    and not exists (
        select
        from pg_description as d
        where
            d.classoid = 'pg_class'::regclass
            and d.objoid = c.oid
            and d.objsubid = a.attnum
    );
