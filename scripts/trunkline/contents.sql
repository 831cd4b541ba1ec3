-- Every relation that holds contents of its own: tables (partitions for their parents),
-- materialized views that are filled, sequences. Neither the system's, nor those of
-- extensions, nor the ledgers.
select
    c.relkind::text,
    format('%I.%I', n.nspname, c.relname) as name,
    coalesce(columns.names, '{}') as columns,
    coalesce(keys.names, '{}') as key
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
left join lateral (
    select array_agg(a.attname::text order by a.attname) as names
    from pg_attribute as a
    where
        a.attrelid = c.oid
        and a.attnum > 0
        and not a.attisdropped
        and c.relkind in ('r', 'm')
) as columns on true
left join lateral (
    select array_agg(a.attname::text order by a.attname) as names
    from pg_constraint as k
    inner join pg_attribute as a
        on k.conrelid = a.attrelid and a.attnum = any(k.conkey)
    where k.conrelid = c.oid and k.contype = 'p'
) as keys on true
where
    c.relkind in ('r', 'm', 'S')
    and c.relpersistence <> 't'
    and (c.relkind <> 'm' or c.relispopulated)
    and n.nspname not in ('pg_catalog', 'information_schema', 'trunkline')
    and n.nspname not like 'pg\_%'
    and c.relname not in ('_yoyo_migration', '_yoyo_log', '_yoyo_version', 'yoyo_lock')
    and not exists (
        select 1
        from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
order by name
