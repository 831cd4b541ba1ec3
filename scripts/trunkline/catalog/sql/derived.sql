-- What comes with another object and has no definition of its own, where it has a
-- comment or grants: the row type of a relation, an array or a multirange type, the
-- constraint behind a constraint trigger, the rule behind a view. `of` is that object.
-- Few have any, so these are where it begins.
select
    'privilege' as kind,
    d.on_kind || ' ' || d.on_name as name,
    x.class,
    x.oid,
    d.on_kind,
    d.on_name,
    d.of,
    d.owner::regrole::text as owner,
    d.acl::text[] as acl,
    case when d.acl is not null then acldefault('T', d.owner)::text[] end as acl_default
from (
    select
        c.classoid as class,
        c.objoid as oid
    from pg_description c
    where c.objoid >= 16384
        and c.classoid in (
            'pg_type'::regclass,
            'pg_constraint'::regclass,
            'pg_rewrite'::regclass
        )
    union
    select
        t.tableoid,
        t.oid
    from pg_type t
    where t.oid >= 16384
        and t.typacl is not null
) x
cross join lateral (
    select
        'type' as on_kind,
        format('%I.%I', n.nspname, t.typname) as on_name,
        format_type(coalesce(e.oid, r.rngtypid, t.oid), null) as of,
        t.typowner as owner,
        t.typacl as acl
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    left join pg_type e on e.oid = t.typelem and e.typarray = t.oid
    left join pg_range r on r.rngmultitypid = t.oid
    left join pg_class c on c.oid = t.typrelid
    where x.class = 'pg_type'::regclass
        and t.oid = x.oid
        and (e.oid is not null or r.rngtypid is not null or c.relkind <> 'c')
    union all
    select
        'constraint',
        format('%I on %s', c.conname, c.conrelid::regclass),
        c.conrelid::regclass::text,
        null,
        null
    from pg_constraint c
    where x.class = 'pg_constraint'::regclass
        and c.oid = x.oid
        and c.contype = 't'
    union all
    select
        'rule',
        format('%I on %s', r.rulename, r.ev_class::regclass),
        r.ev_class::regclass::text,
        null,
        null
    from pg_rewrite r
    where x.class = 'pg_rewrite'::regclass
        and r.oid = x.oid
        and r.rulename = '_RETURN'
) d
where not exists (
    select
    from pg_depend p
    where p.classid = x.class
        and p.objid = x.oid
        and p.deptype = 'e'
);
