-- check: a phone number has the form E.164
select
    'e164' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (values ('e164_form')) as expected (name)
left join pg_constraint as con
    on
        con.contypid = to_regtype('public.e164')
        and con.conname = expected.name
where
    pg_get_constraintdef(con.oid) is distinct from
    'CHECK ((VALUE ~ ''^\+[1-9][0-9]{6,14}$''::text))';
