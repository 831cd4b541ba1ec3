-- Access to what is the system's or an extension's, where it is not as it came.
with changed as (
    select
        n.tableoid as class,
        n.oid,
        0 as number,
        'schema' as on_kind,
        quote_ident(n.nspname) as on_name,
        null as called,
        n.nspowner as owner,
        n.nspacl as acl,
        acldefault('n', n.nspowner) as usual
    from pg_namespace n
    where n.nspacl is not null
        and n.nspname not in ('public', 'pg_toast')
    union all
    select
        c.tableoid,
        c.oid,
        0,
        case c.relkind when 'S' then 'sequence' else 'table' end,
        format('%I.%I', n.nspname, c.relname),
        null,
        c.relowner,
        c.relacl,
        acldefault(
            case when c.relkind = 'S' then 's'::"char" else 'r'::"char" end,
            c.relowner
        )
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relacl is not null
    union all
    select
        c.tableoid,
        c.oid,
        a.attnum,
        'column',
        format('%I.%I', n.nspname, c.relname),
        quote_ident(a.attname),
        c.relowner,
        a.attacl,
        '{}'
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where a.attacl is not null
    union all
    select
        p.tableoid,
        p.oid,
        0,
        case p.prokind when 'p' then 'procedure' else 'function' end,
        format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)),
        null,
        p.proowner,
        p.proacl,
        acldefault('f', p.proowner)
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.proacl is not null
    union all
    select
        t.tableoid,
        t.oid,
        0,
        'type',
        format('%I.%I', n.nspname, t.typname),
        null,
        t.typowner,
        t.typacl,
        acldefault('T', t.typowner)
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    where t.typacl is not null
    union all
    select
        l.tableoid,
        l.oid,
        0,
        'language',
        quote_ident(l.lanname),
        null,
        l.lanowner,
        l.lanacl,
        acldefault('l', l.lanowner)
    from pg_language l
    where l.lanacl is not null
    union all
    select
        w.tableoid,
        w.oid,
        0,
        'foreign data wrapper',
        quote_ident(w.fdwname),
        null,
        w.fdwowner,
        w.fdwacl,
        acldefault('F', w.fdwowner)
    from pg_foreign_data_wrapper w
    where w.fdwacl is not null
)

select
    'privilege' as kind,
    c.on_kind || ' ' || c.on_name || coalesce('.' || c.called, '') as name,
    c.class,
    c.oid,
    c.number,
    c.on_kind,
    c.on_name,
    c.called,
    c.owner::regrole::text as owner,
    c.acl::text[] as acl,
    coalesce(i.initprivs, c.usual)::text[] as acl_default
from changed c
left join pg_init_privs i
    on i.classoid = c.class
    and i.objoid = c.oid
    and i.objsubid = c.number
where c.acl is distinct from i.initprivs
    and (
        c.oid < 16384
        or exists (
            select
            from pg_depend d
            where d.classid = c.class
                and d.objid = c.oid
                and d.deptype = 'e'
        )
    );
