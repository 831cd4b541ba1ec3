-- check: every table of the baseline says what it is for
select
    expected.name as subject,
    'no comment' as detail
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
where obj_description(to_regclass('public.' || expected.name), 'pg_class') is null;

-- check: what may be null says what null means
select
    c.relname || '.' || a.attname as subject,
    'may be null, and has no comment' as detail
from pg_class as c
inner join pg_attribute as a
    on
        c.oid = a.attrelid
        and a.attnum > 0
        and not a.attisdropped
where
    c.relnamespace = 'public'::regnamespace
    and c.relkind = 'r'
    and c.relname in (
        'organizations',
        'user_org_roles',
        'org_credentials',
        'twilio_subaccounts',
        'managed_phone_numbers',
        'feature_flags',
        'org_feature_flags'
    )
    and not a.attnotnull
    and a.attname not in (
        'created_at', 'updated_at', 'description', 'voice_enabled', 'sms_enabled'
    )
    and col_description(c.oid, a.attnum) is null;
