-- since: 20260213_policies_ask_once

-- check: every table has a primary key
select
    c.oid::regclass::text as subject,
    'no primary key' as detail
from pg_class as c
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and c.relkind in ('r', 'p')
    and c.relname !~ '^_?yoyo_'
    and not exists (
        select
        from pg_constraint as k
        where k.conrelid = c.oid and k.contype = 'p'
    );

-- check: the key of every table of organizations begins with the organization
select
    c.oid::regclass::text as subject,
    pg_get_constraintdef(k.oid) as detail
from pg_class as c
inner join pg_attribute as a
    on
        c.oid = a.attrelid
        and a.attname = 'org_id'
        and not a.attisdropped
inner join pg_constraint as k
    on
        c.oid = k.conrelid
        and k.contype = 'p'
where
    c.relnamespace = any('{public,private,audit}'::regnamespace[])
    and c.relkind in ('r', 'p')
    and k.conkey[1] <> a.attnum
    -- The number itself is the key: that is the rule.
    and c.relname <> 'phone_numbers_held';

-- check: a foreign key between tables of organizations carries the organization
select
    format('%s on %s', k.conname, k.conrelid::regclass) as subject,
    pg_get_constraintdef(k.oid) as detail
from pg_constraint as k
inner join pg_attribute as own
    on
        k.conrelid = own.attrelid
        and own.attname = 'org_id'
        and not own.attisdropped
inner join pg_attribute as other
    on
        k.confrelid = other.attrelid
        and other.attname = 'org_id'
        and not other.attisdropped
where
    k.contype = 'f'
    and k.connamespace = any('{public,private,audit}'::regnamespace[])
    and not exists (
        select
        from unnest(k.conkey, k.confkey) as pair (here, there)
        where pair.here = own.attnum and pair.there = other.attnum
    );

-- check: row-level security is enabled and forced on every table
select
    c.oid::regclass::text as subject,
    format('enabled %s, forced %s', c.relrowsecurity, c.relforcerowsecurity) as detail
from pg_class as c
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and c.relkind in ('r', 'p')
    and c.relname !~ '^_?yoyo_'
    and not (c.relrowsecurity and c.relforcerowsecurity);

-- check: every table has a policy, so that row-level security is meant
select
    c.oid::regclass::text as subject,
    'no policy' as detail
from pg_class as c
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and c.relkind in ('r', 'p')
    and c.relrowsecurity
    and not exists (
        select
        from pg_policy as p
        where p.polrelid = c.oid
    );

-- check: only plain tables and views stand where callers look
select
    c.oid::regclass::text as subject,
    'kind ' || c.relkind::text as detail
from pg_class as c
where
    c.relnamespace = any('{public,api,worker}'::regnamespace[])
    and c.relkind in ('m', 'f');
