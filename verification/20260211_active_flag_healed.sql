-- check: the flags that were missing can be told apart
select
    'private.missing_active_flags' as subject,
    'the table is missing' as detail
where to_regclass('private.missing_active_flags') is null;

-- check: until NULL is forbidden, a missing flag is written as off
select
    'org_credentials' as subject,
    'is_active may be null, and no enabled trigger heals it' as detail
from pg_attribute as a
where
    a.attrelid = to_regclass('public.org_credentials')
    and a.attname = 'is_active'
    and not a.attnotnull
    and not exists (
        select
        from pg_trigger as t
        where
            t.tgrelid = a.attrelid
            and t.tgname = 'a_missing_flag_is_off'
            and t.tgenabled = 'O'
    );
