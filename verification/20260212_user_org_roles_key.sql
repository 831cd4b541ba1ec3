-- check: the key of user_org_roles begins with the organization
select
    'user_org_roles' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'no primary key') as detail
from (values ('user_org_roles_pkey')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.user_org_roles')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from 'PRIMARY KEY (org_id, id)';
