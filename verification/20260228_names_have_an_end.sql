-- check: a name has 200 characters at most
select
    expected.tbl as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('organizations', 'name'),
    ('agents', 'name'),
    ('twilio_subaccounts', 'friendly_name')
) as expected (tbl, col)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.' || expected.tbl)
        and con.conname = 'name_has_an_end'
where
    con.convalidated is not true
    or pg_get_constraintdef(con.oid)
    <> format('CHECK ((length(%s) <= 200))', expected.col);
