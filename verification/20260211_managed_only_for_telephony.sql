-- check: only a telephony credential can be managed
select
    'managed_only_for_telephony' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (values ('managed_only_for_telephony')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.org_credentials')
        and con.conname = expected.name
where
    pg_get_constraintdef(con.oid) is distinct from
    'CHECK (((NOT is_managed) OR (provider = ANY (ARRAY[''twilio''::text,'
    || ' ''vapi''::text]))))';
