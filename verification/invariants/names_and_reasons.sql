-- since: 20260301_rules_documented

-- check: no name was made up by the server
select
    format('%s on %s', k.conname, k.conrelid::regclass) as subject,
    'say what holds' as detail
from pg_constraint as k
inner join pg_class as c
    on k.conrelid = c.oid
where
    c.relnamespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and c.relname !~ '^_?yoyo_'
    and (
        k.conname ~ '_(check|key|fkey|excl|not_null)[0-9]+$'
        or (
            k.conname ~ '_check$'
            -- Of the baseline, as real installations have them.
            and k.conrelid not in (
                'public.organizations'::regclass,
                'public.user_org_roles'::regclass,
                'public.org_credentials'::regclass,
                'public.twilio_subaccounts'::regclass,
                'public.managed_phone_numbers'::regclass,
                'public.feature_flags'::regclass
            )
        )
    );

-- check: an index is named for its table, or for the rule that it carries
select
    i.indexrelid::regclass::text as subject,
    'on ' || i.indrelid::regclass as detail
from pg_index as i
inner join pg_class as c
    on i.indrelid = c.oid
inner join pg_class as x
    on i.indexrelid = x.oid
where
    c.relnamespace = any('{public,private,audit}'::regnamespace[])
    and c.relname !~ '^_?yoyo_'
    and x.relname !~ '^idx_'
    and not exists (
        select
        from pg_constraint as k
        where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
    );

-- check: whatever embodies a rule says why
select
    said.subject,
    'no comment' as detail
from (
    select
        format('constraint %s on %s', k.conname, k.conrelid::regclass) as subject,
        'pg_constraint'::regclass as class,
        k.oid,
        k.connamespace as namespace
    from pg_constraint as k
    where
        k.contype in ('c', 'u', 'x')
        or (k.contype = 'f' and cardinality(k.conkey) > 1)
    union all
    select
        'index ' || x.oid::regclass,
        'pg_class'::regclass,
        x.oid,
        x.relnamespace
    from pg_index as i
    inner join pg_class as x
        on i.indexrelid = x.oid
    where
        i.indisunique
        and not exists (
            select
            from pg_constraint as k
            where k.conindid = i.indexrelid
        )
    union all
    select
        c.relname::text,
        'pg_class'::regclass,
        c.oid,
        c.relnamespace
    from pg_class as c
    where c.relkind in ('r', 'p', 'v') and c.relname !~ '^_?yoyo_'
    union all
    select
        p.oid::regprocedure::text,
        'pg_proc'::regclass,
        p.oid,
        p.pronamespace
    from pg_proc as p
    union all
    select
        format('trigger %s on %s', t.tgname, t.tgrelid::regclass),
        'pg_trigger'::regclass,
        t.oid,
        c.relnamespace
    from pg_trigger as t
    inner join pg_class as c
        on t.tgrelid = c.oid
    where not t.tgisinternal
    union all
    select
        format('policy %s on %s', p.polname, p.polrelid::regclass),
        'pg_policy'::regclass,
        p.oid,
        c.relnamespace
    from pg_policy as p
    inner join pg_class as c
        on p.polrelid = c.oid
    union all
    select
        'type ' || t.oid::regtype,
        'pg_type'::regclass,
        t.oid,
        t.typnamespace
    from pg_type as t
    where t.typtype in ('d', 'e')
) as said
where
    said.namespace = any(
        '{public,api,worker,private,audit}'::regnamespace[]
    )
    and not exists (
        select
        from pg_description as d
        where
            d.classoid = said.class
            and d.objoid = said.oid
            and d.objsubid = 0
    );
