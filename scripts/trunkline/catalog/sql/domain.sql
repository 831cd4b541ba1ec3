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
    t.typnotnull as not_null
from pg_type t
join pg_type b on b.oid = t.typbasetype
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
