-- check: numbers and accounts have their form
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    (
        'phone_number_is_e164',
        'CHECK (((phone_number IS NULL) OR (%phone_number)::%e164 IS NOT NULL)))'
    ),
    (
        'account_sid_is_an_account',
        'CHECK ((account_sid ~ ''^AC[0-9a-f]{32}$''::text))'
    ),
    (
        'only_telephony_has_a_number',
        'CHECK (((phone_number IS NULL) OR (provider = ANY (ARRAY[''twilio''::text,'
        || ' ''vapi''::text]))))'
    )
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.org_credentials')
        and con.conname = expected.name
where
    con.convalidated is not true
    or pg_get_constraintdef(con.oid) not like expected.definition;
