select
    'domain' as kind,
    format_type(t.oid, null) as name,
    t.tableoid as class,
    t.oid,
    t.typowner::regrole::text as owner,
    t.typacl::text[] as acl,
    case
        when t.typacl is not null then acldefault('T', t.typowner)::text[]
    end as acl_default,
    format_type(t.typbasetype, t.typtypmod) as type,
    case when t.typcollation <> b.typcollation
        then t.typcollation::regcollation::text
    end as collation,
    t.typdefault as "default",
    quote_ident(nn.conname) as not_null_name, -- since 17
    nn.tableoid as part_class, -- since 17
    nn.oid as part_oid, -- since 17
    t.typnotnull as not_null
from pg_type t
join pg_type b on b.oid = t.typbasetype
left join pg_constraint nn -- since 17
    on t.typnotnull -- since 17
    and nn.contypid = t.oid -- since 17
    and nn.contype = 'n' -- since 17
join pg_namespace n
    on n.oid = t.typnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
where t.oid >= 16384
    and t.typtype = 'd'
    and not exists (
        select
        from pg_depend d
        where d.classid = t.tableoid
            and d.objid = t.oid
            and d.deptype = 'e'
    );
