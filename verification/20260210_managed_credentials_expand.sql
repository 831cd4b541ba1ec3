-- check: a credential is either managed or not, and not unless it says so
select
    'org_credentials.is_managed' as subject,
    coalesce(
        format(
            '%s, default %s, nullable %s',
            c.data_type,
            c.column_default,
            c.is_nullable
        ),
        'missing'
    ) as detail
from (values ('is_managed')) as expected (name)
left join information_schema.columns as c
    on
        c.table_schema = 'public'
        and c.table_name = 'org_credentials'
        and c.column_name = expected.name
where
    (c.data_type, c.column_default, c.is_nullable)
    is distinct from ('boolean', 'false', 'NO');
