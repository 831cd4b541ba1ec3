-- since: 20260227_users_read_through_api

-- check: whoever signs in selects no sealed value, key, account or metadata
select
    format('%s.%s', a.attrelid::regclass, a.attname) as subject,
    r.rolname || ' may select it' as detail
from pg_attribute as a
inner join pg_class as c
    on a.attrelid = c.oid
cross join pg_roles as r
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and a.attnum > 0
    and not a.attisdropped
    and a.attname ~ '(encrypted|sealed|wrapped|token|secret|metadata|key_version|_sid)'
    and r.rolname in ('anon', 'authenticated')
    and has_column_privilege(r.oid, c.oid, a.attnum, 'select')
    -- The door of a function: a view without a row.
    and c.oid <> 'private.connecting_a_number'::regclass;

-- check: whoever signs in writes into no table, and anon into nothing at all
select
    c.oid::regclass::text as subject,
    r.rolname || ' may write' as detail
from pg_class as c
cross join pg_roles as r
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and (
        (c.relkind in ('r', 'p') and r.rolname in ('anon', 'authenticated'))
        or (c.relkind = 'v' and r.rolname = 'anon')
    )
    and (
        has_any_column_privilege(r.oid, c.oid, 'insert, update')
        or has_table_privilege(r.oid, c.oid, 'delete, truncate, trigger')
    );

-- check: nobody but an owner empties a table or hangs a trigger on it
select
    c.oid::regclass::text as subject,
    format('%s by %s', held.privilege_type, coalesce(r.rolname, 'public')) as detail
from pg_class as c
cross join lateral aclexplode(c.relacl) as held
left join pg_roles as r
    on held.grantee = r.oid
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and held.privilege_type in ('TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN')
    and held.grantee <> c.relowner;

-- check: a view shows what its reader may see, and no more
select
    c.oid::regclass::text as subject,
    coalesce(array_to_string(c.reloptions, ', '), 'no option') as detail
from pg_class as c
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and c.relkind = 'v'
    and not coalesce(
        c.reloptions @> '{security_invoker=true,security_barrier=true}', false
    );

-- check: signed-in users enter api and nothing else, and strangers nothing
select
    n.nspname as subject,
    r.rolname || ' may enter' as detail
from pg_namespace as n
cross join pg_roles as r
where
    n.nspname in ('public', 'api', 'worker', 'private', 'audit')
    and r.rolname in ('anon', 'authenticated')
    and has_schema_privilege(r.oid, n.oid, 'usage')
    and (r.rolname, n.nspname) <> ('authenticated', 'api');

-- check: nobody makes objects in our schemas
select
    n.nspname as subject,
    r.rolname || ' may create' as detail
from pg_namespace as n
cross join pg_roles as r
where
    n.nspname in ('public', 'api', 'worker', 'private', 'audit')
    and r.rolname in (
        'anon',
        'authenticated',
        'service_role',
        'telephony_worker',
        'telephony_backfill',
        'telephony_auditor'
    )
    and has_schema_privilege(r.oid, n.oid, 'create');

-- check: no column holds a type that stands in the way of an upgrade
select
    format('%s.%s', a.attrelid::regclass, a.attname) as subject,
    format_type(a.atttypid, a.atttypmod) as detail
from pg_attribute as a
inner join pg_class as c
    on a.attrelid = c.oid
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and c.relkind in ('r', 'p')
    and a.attnum > 0
    and a.atttypid::regtype::text in (
        'regcollation',
        'regconfig',
        'regdictionary',
        'regnamespace',
        'regoper',
        'regoperator',
        'regproc',
        'regprocedure'
    );
