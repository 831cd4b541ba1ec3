-- since: 20260217_identity_is_fixed

-- check: whose a row is, and which it is, is guarded in every table that says it
select
    c.oid::regclass::text as subject,
    'no trigger identity_is_fixed' as detail
from pg_class as c
where
    c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r', 'p')
    -- A number goes to whoever holds it next, and a route is made anew.
    and c.relname not in ('phone_numbers_held', 'number_routes')
    and exists (
        select
        from pg_attribute as a
        where
            a.attrelid = c.oid
            and a.attname in ('org_id', 'created_at')
            and not a.attisdropped
    )
    and not exists (
        select
        from pg_trigger as t
        where
            t.tgrelid = c.oid
            and t.tgname = 'identity_is_fixed'
            and t.tgenabled <> 'D'
    );

-- check: no trigger is switched off
select
    t.tgrelid::regclass || '.' || t.tgname as subject,
    'disabled' as detail
from pg_trigger as t
inner join pg_class as c
    on t.tgrelid = c.oid
where
    c.relnamespace in (
        'public'::regnamespace,
        'private'::regnamespace,
        'audit'::regnamespace
    )
    and t.tgenabled not in ('O', 'A');
