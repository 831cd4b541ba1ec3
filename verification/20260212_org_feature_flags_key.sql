-- check: the key of org_feature_flags begins with the organization
select
    'org_feature_flags' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'no primary key') as detail
from (values ('org_feature_flags_pkey')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.org_feature_flags')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from 'PRIMARY KEY (org_id, id)';
