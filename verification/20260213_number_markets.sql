-- check: a market names a country, a type and a whole pattern
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('number_markets_pkey', 'PRIMARY KEY (country_code, number_type)'),
    ('country_code_is_iso', 'CHECK ((country_code ~ ''^[A-Z]{2}$''::text))'),
    (
        'number_type_is_known',
        'CHECK ((number_type = ANY (ARRAY[''local''::text, ''toll_free''::text,'
        || ' ''mobile''::text])))'
    ),
    (
        'area_code_pattern_is_anchored',
        'CHECK ((area_code_pattern ~ ''^\^.*\$$''::text))'
    ),
    (
        'area_code_pattern_can_be_read',
        'CHECK (((''''::text ~ area_code_pattern) IS NOT NULL))'
    )
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.number_markets')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from expected.definition;
