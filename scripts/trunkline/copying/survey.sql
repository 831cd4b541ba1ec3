-- The tables of a database that hold rows of their own, partitions included, without
-- those that belong to an extension.
select
    c.oid,
    n.nspname as schema,
    c.relname as name,
    coalesce(pg_partition_root(c.oid)::oid, c.oid) as root,
    c.relkind = 'p' as partitioned,
    case
        when c.relkind = 'p' then 0
        when c.reltuples >= 0 then c.reltuples::bigint
        else pg_relation_size(c.oid) / 100 -- never analyzed, so a guess
    end as rows,
    pg_relation_size(c.oid) as heap_bytes,
    pg_table_size(c.oid) as bytes,
    row_security_active(c.oid) as filtered,
    has_schema_privilege(n.oid, 'usage')
    and has_table_privilege(c.oid, 'select') as readable,
    array(
        select a.attname::text
        from pg_attribute as a
        where
            a.attrelid = c.oid
            and a.attnum > 0
            and not a.attisdropped
            and a.attgenerated = ''
        order by a.attnum
    ) as columns
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where
    c.relkind in ('r', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'information_schema'
    and n.nspname !~ '^pg_'
    and not exists (
        select
        from pg_depend as d
        where
            d.classid = 'pg_class'::regclass
            and d.objid = c.oid
            and d.deptype = 'e'
    )
order by n.nspname, c.relname
