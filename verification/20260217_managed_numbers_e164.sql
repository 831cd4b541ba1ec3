-- check: a managed number is E.164
select
    'managed_phone_numbers' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (values ('phone_number_is_e164')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.managed_phone_numbers')
        and con.conname = expected.name
where
    con.convalidated is not true
    or pg_get_constraintdef(con.oid) not like
    'CHECK (%phone_number)::%e164 IS NOT NULL))';
