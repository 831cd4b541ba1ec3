-- check: a credential must say whether it is active
select
    'org_credentials.is_active' as subject,
    'the column may be null' as detail
where
    not exists (
        select
        from pg_attribute as a
        where
            a.attrelid = to_regclass('public.org_credentials')
            and a.attname = 'is_active'
            and a.attnotnull
    );
