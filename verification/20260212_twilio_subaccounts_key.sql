-- check: the key of twilio_subaccounts begins with the organization
select
    'twilio_subaccounts' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'no primary key') as detail
from (values ('twilio_subaccounts_pkey')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.twilio_subaccounts')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from 'PRIMARY KEY (org_id, id)';

-- check: a number and its subaccount belong to one organization
select
    'number_and_subaccount_of_one_org' as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (values ('number_and_subaccount_of_one_org')) as expected (name)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.managed_phone_numbers')
        and con.conname = expected.name
where
    con.convalidated is not true
    or pg_get_constraintdef(con.oid) not like
    'FOREIGN KEY (org_id, subaccount_id) REFERENCES %twilio_subaccounts(org_id, id)'
    || ' ON DELETE CASCADE';
