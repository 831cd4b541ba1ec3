-- since: 20260227_users_read_through_api

-- check: every function finds names without a search path
select
    p.oid::regprocedure::text as subject,
    coalesce(array_to_string(p.proconfig, ', '), 'no setting') as detail
from pg_proc as p
where
    p.pronamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    -- An aggregate has no settings of its own, but the functions that it calls have.
    and p.prokind <> 'a'
    and not coalesce('search_path=""' = any(p.proconfig), false);

-- check: no body looks for a type where a temporary one would be found first
with named as materialized (
    select
        p.oid,
        word[1] as type
    from pg_proc as p
    cross join
        lateral regexp_matches(
            p.prosrc, '(?:::|^ +[a-z_]+ )([[:alnum:]_]+)', 'gn'
        ) as word
    where
        p.pronamespace = any(
            '{public,api,worker,private,audit}'::regnamespace[]
        )
        and p.prosqlbody is null
)

select
    n.oid::regprocedure::text as subject,
    'names the type ' || n.type || ' without its schema' as detail
from named as n
inner join pg_type as t
    on
        n.type = t.typname
        and t.typnamespace = 'pg_catalog'::regnamespace
        and t.typname !~ '^_'
where
    not exists (
        select
        from pg_get_keywords() as k
        where k.word = t.typname and k.catcode = 'C'
    );

-- check: no function is for everybody
select
    p.oid::regprocedure::text as subject,
    'public may execute it' as detail
from pg_proc as p
cross join
    lateral aclexplode(
        coalesce(p.proacl, acldefault('f', p.proowner))
    ) as held
where
    p.pronamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and held.grantee = 0;

-- check: nobody who signs in executes a function with the rights of its owner
select
    p.oid::regprocedure::text as subject,
    r.rolname || ' may execute it' as detail
from pg_proc as p
inner join pg_roles as r
    on has_function_privilege(r.oid, p.oid, 'execute')
where
    p.pronamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and p.prosecdef
    and r.rolname in ('anon', 'authenticated');

-- check: a new function is for nobody
select
    d.defaclrole::regrole::text as subject,
    'by default everybody executes new functions' as detail
from (
    select
        c.relowner as defaclrole,
        (
            select a.defaclacl
            from pg_default_acl as a
            where
                a.defaclrole = c.relowner
                and a.defaclnamespace = 0
                and a.defaclobjtype = 'f'
        ) as acl
    from pg_class as c
    where c.oid = 'public.organizations'::regclass
) as d
where
    exists (
        select
        from aclexplode(coalesce(d.acl, acldefault('f', d.defaclrole))) as held
        where held.grantee = 0
    );
