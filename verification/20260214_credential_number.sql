-- check: a credential says its number, its account and its directions
select
    'org_credentials.' || expected.name as subject,
    coalesce(
        format(
            '%s, default %s, not null %s',
            format_type(a.atttypid, a.atttypmod),
            pg_get_expr(d.adbin, d.adrelid),
            a.attnotnull
        ),
        'missing'
    ) as detail
from (
    values
    ('phone_number', 'text', null, false),
    ('account_sid', 'text', null, false),
    ('can_inbound', 'boolean', 'true', true),
    ('can_outbound', 'boolean', 'true', true)
) as expected (name, data_type, column_default, not_null)
left join pg_attribute as a
    on
        a.attrelid = to_regclass('public.org_credentials')
        and a.attname = expected.name
        and not a.attisdropped
left join pg_attrdef as d
    on a.attrelid = d.adrelid and a.attnum = d.adnum
where
    (
        format_type(a.atttypid, a.atttypmod),
        pg_get_expr(d.adbin, d.adrelid),
        a.attnotnull
    ) is distinct from
    (expected.data_type, expected.column_default, expected.not_null);
