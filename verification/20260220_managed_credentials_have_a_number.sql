-- check: an active managed credential says which number it is for
select
    'org_credentials' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (values ('active_managed_has_a_number')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.org_credentials')
        and con.conname = expected.name
where
    con.convalidated is not true
    or pg_get_constraintdef(con.oid)
    <> 'CHECK (((phone_number IS NOT NULL) OR (NOT (is_managed AND is_active))))';
