-- Every relation that holds contents of its own: tables (partitions for their parents),
-- materialized views that are filled, sequences. Of the system's only those of large
-- objects, and not those of extensions, nor the ledgers. `plain`: the text of its values
-- depends on nothing that could change without a lock on the relation that stays, as
-- the labels of an enum do, and large objects. `empty`: there is none of these, and so
-- nothing to read. Those `carried` from an earlier digest are told only where they have
-- another name now. A condition on `c` stands within its lateral query, or that would
-- run first for each; the members of extensions are counted, or all would be sought.
-- `lossy` are the columns of which a cast to text may not tell all: somebody has made it,
-- or it is that of unpadded character, which cuts off blanks.
select
    c.relkind::text,
    c.oid,
    format('%%I.%%I', n.nspname, c.relname) as name,
    coalesce(columns.names, '{}') as columns,
    coalesce(keys.names, '{}') as key,
    coalesce(columns.lossy, '{}') as lossy,
    coalesce(columns.plain, true) as plain,
    c.oid < 16384 and not exists (select from pg_largeobject_metadata) as empty
from pg_class as c
inner join (
    select
        oid,
        nspname,
        nspname !~ '^(pg_|information_schema$|trunkline$)' as ours
    from pg_namespace
    offset 0 -- once for each schema, not for each relation
) as n on c.relnamespace = n.oid
left join json_each_text(%(carried)s) as carried (oid, name)
    on c.oid = carried.oid::oid
left join lateral (
    select
        array_agg(a.attname::text order by a.attname) || case
            when c.oid = 'pg_largeobject_metadata'::regclass then array['comment']
        end as names,
        array_agg(a.attname::text) filter (
            where b.typtype = 'd'
            or b.oid = 'bpchar'::regtype and a.atttypmod = -1
            or exists (
                select
                from pg_cast as own
                where
                    own.castsource = b.oid
                    and own.casttarget = 'text'::regtype
                    and own.oid >= 16384
            )
        ) as lossy,
        bool_and(
            b.oid < 16384
            and b.typname !~ '^_?(reg|money)'
            and a.attgenerated <> 'v'
            and c.oid >= 16384
        ) as plain
    from pg_attribute as a
    inner join pg_type as t on a.atttypid = t.oid
    inner join pg_type as b
        on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
    where
        c.relkind in ('r', 'm')
        and carried.oid is null
        and a.attrelid = c.oid
        and a.attnum > 0
        and not a.attisdropped
) as columns on true
left join lateral (
    select array_agg(a.attname::text order by a.attname) as names
    from pg_index as k
    inner join pg_attribute as a
        on
            k.indrelid = a.attrelid
            and a.attnum = any((k.indkey::int2 [])[0:k.indnkeyatts - 1])
    where
        c.relkind = 'r'
        and carried.oid is null
        and k.indrelid = c.oid
        and k.indisprimary
) as keys on true
where
    c.relkind in ('r', 'm', 'S')
    and c.relpersistence <> 't'
    and (c.relkind <> 'm' or c.relispopulated)
    and (
        n.ours
        or c.oid in ('pg_largeobject'::regclass, 'pg_largeobject_metadata'::regclass)
        and has_table_privilege(c.oid, 'select')
    )
    and c.relname not in ('_yoyo_migration', '_yoyo_log', '_yoyo_version', 'yoyo_lock')
    and case
        when carried.oid is null then (
            select count(*)
            from pg_depend as d
            where
                d.classid = 'pg_class'::regclass
                and d.objid = c.oid
                and d.deptype = 'e'
        ) = 0
        else carried.name <> format('%%I.%%I', n.nspname, c.relname)
    end
order by name
