-- check: the key of org_credentials begins with the organization
select
    'org_credentials' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'no primary key') as detail
from (values ('org_credentials_pkey')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.org_credentials')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from 'PRIMARY KEY (org_id, id)';
