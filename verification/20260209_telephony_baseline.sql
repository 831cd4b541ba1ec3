-- What holds as long as the baseline is applied. Later changes alter some of what it
-- built (the unique constraint on credentials, the null flags, the policies); those
-- parts are verified by the changes that alter them.

-- check: the eight tables stand
select
    expected.name as subject,
    'the table is missing' as detail
from (
    values
    ('organizations'),
    ('user_org_roles'),
    ('org_credentials'),
    ('twilio_subaccounts'),
    ('managed_phone_numbers'),
    ('agents'),
    ('feature_flags'),
    ('org_feature_flags')
) as expected (name)
where to_regclass('public.' || expected.name) is null;

-- check: the columns have their types
select
    expected.name || '.' || col.name as subject,
    coalesce(format_type(a.atttypid, a.atttypmod), 'missing')
    || ' instead of ' || expected.type as detail
from (
    values
    ('organizations', 'uuid', '{id}'::text[]),
    ('organizations', 'text', '{name,telephony_mode,vapi_credential_id}'),
    ('user_org_roles', 'uuid', '{id,user_id,org_id}'),
    ('user_org_roles', 'text', '{role}'),
    ('org_credentials', 'uuid', '{id,org_id}'),
    ('org_credentials', 'boolean', '{is_active}'),
    ('org_credentials', 'jsonb', '{metadata}'),
    (
        'org_credentials',
        'text',
        '{provider,encrypted_config,verification_error,connected_email,
        connected_calendar_email}'
    ),
    (
        'org_credentials',
        'timestamp with time zone',
        '{last_verified_at,created_at,updated_at}'
    ),
    ('twilio_subaccounts', 'uuid', '{id,org_id}'),
    ('twilio_subaccounts', 'integer', '{monthly_number_cost_cents}'),
    (
        'twilio_subaccounts',
        'text',
        '{twilio_account_sid,twilio_auth_token_encrypted,friendly_name,status,
        suspension_reason}'
    ),
    (
        'twilio_subaccounts',
        'timestamp with time zone',
        '{suspended_at,closed_at,created_at,updated_at}'
    ),
    ('managed_phone_numbers', 'uuid', '{id,org_id,subaccount_id}'),
    ('managed_phone_numbers', 'boolean', '{voice_enabled,sms_enabled}'),
    ('managed_phone_numbers', 'integer', '{monthly_cost_cents}'),
    (
        'managed_phone_numbers',
        'text',
        '{phone_number,twilio_phone_sid,country_code,number_type,vapi_phone_id,
        vapi_credential_id,status}'
    ),
    (
        'managed_phone_numbers',
        'timestamp with time zone',
        '{provisioned_at,released_at,created_at,updated_at}'
    ),
    ('agents', 'uuid', '{id,org_id}'),
    ('agents', 'text', '{name,role,vapi_phone_number_id}'),
    ('agents', 'boolean', '{is_active}'),
    ('feature_flags', 'uuid', '{id}'),
    ('feature_flags', 'text', '{flag_key,flag_name,description}'),
    ('feature_flags', 'boolean', '{enabled_globally}'),
    ('feature_flags', 'integer', '{rollout_percentage}'),
    ('org_feature_flags', 'uuid', '{id,org_id}'),
    ('org_feature_flags', 'text', '{flag_key}'),
    ('org_feature_flags', 'boolean', '{enabled}')
) as expected (name, type, columns)
cross join lateral unnest(expected.columns) as col (name)
left join pg_attribute as a
    on
        a.attrelid = to_regclass('public.' || expected.name)
        and a.attname = col.name
        and not a.attisdropped
where format_type(a.atttypid, a.atttypmod) is distinct from expected.type;

-- check: nobody leaves out what every row must say
select
    expected.name || '.' || col.name as subject,
    'the column may be null' as detail
from (
    values
    ('organizations', '{id,name}'::text[]),
    ('user_org_roles', '{id,user_id,org_id,role}'),
    ('org_credentials', '{id,org_id,provider,encrypted_config}'),
    (
        'twilio_subaccounts',
        '{id,org_id,twilio_account_sid,twilio_auth_token_encrypted,friendly_name,
        status,created_at,updated_at}'
    ),
    (
        'managed_phone_numbers',
        '{id,org_id,subaccount_id,phone_number,twilio_phone_sid,country_code,
        number_type,status,monthly_cost_cents,created_at,updated_at}'
    ),
    ('agents', '{id}'),
    ('feature_flags', '{id,flag_key,flag_name}'),
    ('org_feature_flags', '{id,org_id,flag_key,enabled}')
) as expected (name, columns)
cross join lateral unnest(expected.columns) as col (name)
left join pg_attribute as a
    on
        a.attrelid = to_regclass('public.' || expected.name)
        and a.attname = col.name
where a.attnotnull is not true;

-- check: a new row starts with the documented defaults
select
    expected.name || '.' || expected.col as subject,
    coalesce(pg_get_expr(d.adbin, d.adrelid), 'no default')
    || ' instead of ' || expected.def as detail
from (
    values
    ('organizations', 'id', 'gen_random_uuid()'),
    ('organizations', 'telephony_mode', '''byoc''::text'),
    ('org_credentials', 'id', 'gen_random_uuid()'),
    ('org_credentials', 'is_active', 'true'),
    ('org_credentials', 'created_at', 'now()'),
    ('org_credentials', 'updated_at', 'now()'),
    ('twilio_subaccounts', 'id', 'gen_random_uuid()'),
    ('twilio_subaccounts', 'status', '''active''::text'),
    ('twilio_subaccounts', 'monthly_number_cost_cents', '150'),
    ('managed_phone_numbers', 'id', 'gen_random_uuid()'),
    ('managed_phone_numbers', 'country_code', '''US''::text'),
    ('managed_phone_numbers', 'number_type', '''local''::text'),
    ('managed_phone_numbers', 'status', '''provisioning''::text'),
    ('managed_phone_numbers', 'monthly_cost_cents', '150'),
    ('agents', 'id', 'gen_random_uuid()'),
    ('agents', 'role', '''inbound''::text'),
    ('feature_flags', 'enabled_globally', 'false'),
    ('feature_flags', 'rollout_percentage', '0')
) as expected (name, col, def)
left join pg_attribute as a
    on
        a.attrelid = to_regclass('public.' || expected.name)
        and a.attname = expected.col
left join pg_attrdef as d
    on d.adrelid = a.attrelid and d.adnum = a.attnum
where pg_get_expr(d.adbin, d.adrelid) is distinct from expected.def;

-- check: only known modes, providers, statuses and kinds are accepted
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('organizations', 'organizations_telephony_mode_check'),
    ('user_org_roles', 'user_org_roles_role_check'),
    ('org_credentials', 'org_credentials_provider_check'),
    ('twilio_subaccounts', 'twilio_subaccounts_status_check'),
    ('managed_phone_numbers', 'managed_phone_numbers_number_type_check'),
    ('managed_phone_numbers', 'managed_phone_numbers_status_check'),
    ('feature_flags', 'feature_flags_rollout_percentage_check')
) as expected (tbl, name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.' || expected.tbl)
        and con.conname = expected.name
        and con.contype = 'c'
where
    con.convalidated is not true
    or pg_get_constraintdef(con.oid) = 'CHECK (true)';

-- check: a flag of an organization is one that exists
select
    'org_feature_flags_flag_key_fkey' as subject,
    'missing' as detail
where
    not exists (
        select
        from pg_constraint as con
        where
            con.conrelid = to_regclass('public.org_feature_flags')
            and con.confrelid = to_regclass('public.feature_flags')
            and con.conname = 'org_feature_flags_flag_key_fkey'
    );

-- check: an organization has one subaccount, one active managed number, one row a flag
select
    expected.name as subject,
    'no valid unique index of this name' as detail
from (
    values
    ('one_subaccount_per_org'),
    ('twilio_subaccounts_twilio_account_sid_key'),
    ('managed_phone_numbers_twilio_phone_sid_key'),
    ('idx_one_active_managed_per_org'),
    ('feature_flags_flag_key_key'),
    ('org_feature_flags_org_id_flag_key_key'),
    ('user_org_roles_user_id_org_id_key'),
    ('agents_org_id_role_key')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass('public.' || expected.name)
where (i.indisunique and i.indisvalid) is not true;

-- check: at most one managed number of an organization is active
select
    'idx_one_active_managed_per_org' as subject,
    pg_get_expr(i.indpred, i.indrelid) as detail
from pg_index as i
where
    i.indexrelid = to_regclass('public.idx_one_active_managed_per_org')
    and pg_get_expr(i.indpred, i.indrelid) <> '(status = ''active''::text)';

-- check: row-level security is on for every table
select
    c.relname as subject,
    'row-level security is off' as detail
from pg_class as c
where
    c.oid in (
        to_regclass('public.organizations'),
        to_regclass('public.user_org_roles'),
        to_regclass('public.org_credentials'),
        to_regclass('public.twilio_subaccounts'),
        to_regclass('public.managed_phone_numbers'),
        to_regclass('public.agents'),
        to_regclass('public.feature_flags'),
        to_regclass('public.org_feature_flags')
    )
    and not c.relrowsecurity;

-- check: a changed credential says when
select
    'org_credentials' as subject,
    'the trigger org_credentials_updated_at is missing or disabled' as detail
where
    not exists (
        select
        from pg_trigger as t
        where
            t.tgrelid = to_regclass('public.org_credentials')
            and t.tgname = 'org_credentials_updated_at'
            and t.tgenabled = 'O'
            and t.tgfoid = to_regproc('public.set_updated_at')
            -- Before each row is updated.
            and t.tgtype = 19
    );

-- check: the roles exist
select
    expected.name as subject,
    'the role is missing' as detail
from (values ('anon'), ('authenticated'), ('service_role')) as expected (name)
where to_regrole(expected.name) is null;

-- check: the flag managed_telephony exists
select
    'managed_telephony' as subject,
    'the row in feature_flags is missing' as detail
where
    not exists (
        select
        from public.feature_flags as f
        where f.flag_key = 'managed_telephony'
    );
