-- check: every agent belongs to an organization
select
    'agents.org_id' as subject,
    'the column may be null' as detail
where
    not exists (
        select
        from pg_attribute as a
        where
            a.attrelid = to_regclass('public.agents')
            and a.attname = 'org_id'
            and a.attnotnull
    );
