-- check: a name has 200 characters at most
select
    expected.tbl as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('organizations', 'name_has_an_end', 'CHECK ((length(name) <= 200))'),
    ('agents', 'name_has_an_end', 'CHECK ((length(name) <= 200))'),
    (
        'twilio_subaccounts',
        'name_has_an_end',
        'CHECK ((length(friendly_name) <= 200))'
    ),
    (
        'managed_phone_numbers',
        'names_have_an_end',
        'CHECK (((length(twilio_phone_sid) <= 200)'
        || ' AND (length(vapi_phone_id) <= 200)'
        || ' AND (length(vapi_credential_id) <= 200)))'
    )
) as expected (tbl, name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.' || expected.tbl)
        and con.conname = expected.name
where
    con.convalidated is not true
    or pg_get_constraintdef(con.oid) <> expected.definition;
