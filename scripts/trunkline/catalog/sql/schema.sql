select
    'schema' as kind,
    quote_ident(n.nspname) as name,
    n.tableoid as class,
    n.oid,
    n.nspowner::regrole::text as owner,
    n.nspacl::text[] as acl,
    case
        when n.nspacl is not null then acldefault('n', n.nspowner)::text[]
    end as acl_default
from pg_namespace n
where n.nspname !~ '^(pg_|information_schema$|trunkline$)'
    and not exists (
        select
        from pg_depend d
        where d.classid = n.tableoid
            and d.objid = n.oid
            and d.deptype = 'e'
    );
