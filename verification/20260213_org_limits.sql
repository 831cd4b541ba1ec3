-- check: an organization has one row of limits, none below nothing
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('org_limits_pkey', 'PRIMARY KEY (org_id)'),
    (
        'org_limits_org_id_fkey',
        'FOREIGN KEY (org_id) REFERENCES %organizations(id) ON DELETE CASCADE'
    ),
    (
        'limits_are_not_negative',
        'CHECK (((max_byoc_numbers >= 0) AND (max_requests_per_day >= 0)))'
    )
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.org_limits')
        and con.conname = expected.name
where (pg_get_constraintdef(con.oid) like expected.definition) is not true;
