select
    'type' as kind,
    format_type(t.oid, null) as name,
    t.tableoid as class,
    t.oid,
    t.typowner::regrole::text as owner,
    t.typacl::text[] as acl,
    case
        when t.typacl is not null then acldefault('T', t.typowner)::text[]
    end as acl_default,
    'enum' as form,
    array(
        select e.enumlabel::text
        from pg_enum e
        where e.enumtypid = t.oid
        order by e.enumsortorder
    ) as labels
from pg_type t
join pg_namespace n
    on n.oid = t.typnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
where t.oid >= 16384
    and t.typtype = 'e'
    and not exists (
        select
        from pg_depend d
        where d.classid = t.tableoid
            and d.objid = t.oid
            and d.deptype = 'e'
    );
