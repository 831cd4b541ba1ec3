-- check: the key of managed_phone_numbers begins with the organization
select
    'managed_phone_numbers' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'no primary key') as detail
from (values ('managed_phone_numbers_pkey')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.managed_phone_numbers')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from 'PRIMARY KEY (org_id, id)';
