-- What comes with another object and has no definition of its own, where it has a
-- comment or grants: the row type of a relation, an array or a multirange type, the
-- constraint behind a constraint trigger, the rule behind a view. `of` is that object.
with master as (
    select
        t.oid,
        coalesce(e.oid, r.rngtypid, t.oid) as type
    from pg_type t
    left join pg_type e on e.oid = t.typelem and e.typarray = t.oid
    left join pg_range r on r.rngmultitypid = t.oid
    left join pg_class c on c.oid = t.typrelid
    where t.oid >= 16384
        and (e.oid is not null or r.rngtypid is not null or c.relkind <> 'c')
),

derived as (
    select
        t.tableoid as class,
        t.oid,
        'type' as on_kind,
        format('%I.%I', n.nspname, t.typname) as on_name,
        format_type(m.type, null) as of,
        t.typowner as owner,
        t.typacl as acl
    from master m
    join pg_type t on t.oid = m.oid
    join pg_namespace n on n.oid = t.typnamespace
    union all
    select
        c.tableoid,
        c.oid,
        'constraint',
        format('%I on %s', c.conname, c.conrelid::regclass),
        c.conrelid::regclass::text,
        null,
        null
    from pg_constraint c
    where c.oid >= 16384
        and c.contype = 't'
    union all
    select
        r.tableoid,
        r.oid,
        'rule',
        format('%I on %s', r.rulename, r.ev_class::regclass),
        r.ev_class::regclass::text,
        null,
        null
    from pg_rewrite r
    where r.oid >= 16384
        and r.rulename = '_RETURN'
)

select
    'privilege' as kind,
    d.on_kind || ' ' || d.on_name as name,
    d.class,
    d.oid,
    d.on_kind,
    d.on_name,
    d.of,
    d.owner::regrole::text as owner,
    d.acl::text[] as acl,
    case when d.acl is not null then acldefault('T', d.owner)::text[] end as acl_default
from derived d
where (
        d.acl is distinct from acldefault('T', d.owner) and d.acl is not null
        or exists (
            select
            from pg_description c
            where c.classoid = d.class
                and c.objoid = d.oid
        )
    )
    and not exists (
        select
        from pg_depend x
        where x.classid = d.class
            and x.objid = d.oid
            and x.deptype = 'e'
    );
