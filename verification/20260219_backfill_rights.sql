-- check: the backfills see the rows that they read
select
    expected.name as subject,
    'no policy for telephony_backfill' as detail
from (
    values
    ('organizations'),
    ('org_credentials'),
    ('twilio_subaccounts'),
    ('managed_phone_numbers'),
    ('org_data_keys')
) as expected (name)
where
    not exists (
        select
        from pg_policy as p
        where
            p.polrelid = to_regclass('public.' || expected.name)
            and p.polroles @> array['telephony_backfill'::regrole::oid]
    );

-- check: the backfills write credentials, tokens and keys, and nothing else
select
    c.relname || '.' || a.attname as subject,
    'telephony_backfill may ' || p.privilege as detail
from pg_class as c
inner join pg_attribute as a
    on
        c.oid = a.attrelid
        and a.attnum > 0
        and not a.attisdropped
cross join (values ('insert'), ('update')) as p (privilege)
where
    c.relnamespace = 'public'::regnamespace
    and c.relkind = 'r'
    and has_column_privilege(
        'telephony_backfill', c.oid, a.attname, p.privilege
    ) <> (
        (p.privilege = 'insert' and c.relname in ('org_credentials', 'org_data_keys'))
        or (p.privilege, c.relname, a.attname) in (
            ('update', 'org_credentials', 'encrypted_config'),
            ('update', 'org_credentials', 'phone_number'),
            ('update', 'org_credentials', 'account_sid'),
            ('update', 'twilio_subaccounts', 'twilio_auth_token_encrypted'),
            ('update', 'org_data_keys', 'state'),
            ('update', 'org_data_keys', 'wrapped')
        )
    );
