-- Views and materialized views.
select
    case c.relkind when 'v' then 'view' else 'materialized view' end as kind,
    c.oid::regclass::text as name,
    c.tableoid as class,
    c.oid,
    c.relowner::regrole::text as owner,
    c.relacl::text[] as acl,
    case
        when c.relacl is not null then acldefault('r', c.relowner)::text[]
    end as acl_default,
    pg_get_viewdef(c.oid) as definition,
    array(
        select quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
        from pg_attribute a
        where a.attrelid = c.oid
            and a.attnum > 0
        order by a.attnum
    ) as output,
    c.reloptions || array(
        select 'toast.' || o from unnest(toast.reloptions) as o
    ) as options,
    nullif(am.amname, 'heap') as access_method,
    quote_ident(ts.spcname) as tablespace,
    not c.relispopulated as not_populated
from pg_class c
join pg_namespace n
    on n.oid = c.relnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
left join pg_am am on am.oid = c.relam
left join pg_tablespace ts on ts.oid = c.reltablespace
left join pg_class toast on toast.oid = c.reltoastrelid
where c.oid >= 16384
    and c.relkind in ('v', 'm')
    and not exists (
        select
        from pg_depend d
        where d.classid = c.tableoid
            and d.objid = c.oid
            and d.deptype = 'e'
    );
