-- check: a credential says its number, its account and its directions
select
    'org_credentials.' || expected.name as subject,
    coalesce(
        format(
            '%s, default %s, nullable %s',
            c.data_type,
            c.column_default,
            c.is_nullable
        ),
        'missing'
    ) as detail
from (
    values
    ('phone_number', 'text', null, 'YES'),
    ('account_sid', 'text', null, 'YES'),
    ('can_inbound', 'boolean', 'true', 'NO'),
    ('can_outbound', 'boolean', 'true', 'NO')
) as expected (name, data_type, column_default, is_nullable)
left join information_schema.columns as c
    on
        c.table_schema = 'public'
        and c.table_name = 'org_credentials'
        and c.column_name = expected.name
where
    (c.data_type, c.column_default, c.is_nullable) is distinct from
    (expected.data_type, expected.column_default, expected.is_nullable);
