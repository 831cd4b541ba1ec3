-- check: the key of agents begins with the organization
select
    'agents' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'no primary key') as detail
from (values ('agents_pkey')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.agents')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from 'PRIMARY KEY (org_id, id)';
