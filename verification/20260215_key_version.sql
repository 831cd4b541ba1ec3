-- check: a sealed value names its key version where a query can see it
select
    expected.name as subject,
    'no column key_version of type integer' as detail
from (values ('org_credentials'), ('twilio_subaccounts')) as expected (name)
where
    not exists (
        select
        from pg_attribute as a
        where
            a.attrelid = to_regclass('public.' || expected.name)
            and a.attname = 'key_version'
            and a.atttypid = 'integer'::regtype
    );
