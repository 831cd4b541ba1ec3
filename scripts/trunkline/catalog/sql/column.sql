-- Columns of tables; of views, materialized views and composite types only where
-- a column carries something that the definition of its relation does not say.
select
    'column' as kind,
    quote_ident(a.attname) as name,
    c.tableoid as class,
    a.attrelid as oid,
    a.attnum as number,
    a.attrelid as parent,
    a.attacl::text[] as acl,
    case when a.attacl is not null then '{}'::text[] end as acl_default,
    case when c.relkind in ('r', 'p', 'f')
        then format_type(a.atttypid, a.atttypmod)
    end as type,
    case when c.relkind in ('r', 'p', 'f') and a.attcollation <> t.typcollation
        then a.attcollation::regcollation::text
    end as collation,
    case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as generated,
    pg_get_expr(d.adbin, d.adrelid) as "default",
    a.attnotnull as not_null,
    quote_ident(nn.conname) as not_null_name, -- since 18
    not nn.convalidated as not_null_not_valid, -- since 18
    nn.connoinherit as not_null_no_inherit, -- since 18
    nn.tableoid as part_class, -- since 18
    nn.oid as part_oid, -- since 18
    case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
    case when a.attstorage <> t.typstorage then
        case a.attstorage
            when 'p' then 'plain'
            when 'e' then 'external'
            when 'x' then 'extended'
            when 'm' then 'main'
        end
    end as storage,
    case t.typstorage
        when 'p' then null
        when 'e' then 'external'
        when 'x' then 'extended'
        when 'm' then 'main'
    end as storage_of_type,
    case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression,
    nullif(a.attstattarget, -1) as statistics,
    own.options,
    a.attfdwoptions as foreign_options,
    a.attinhcount > 0 as inherited,
    a.attinhcount > 0 and a.attislocal as also_local
from pg_attribute a
join pg_class c
    on c.oid = a.attrelid
    and c.relkind in ('r', 'p', 'f', 'v', 'm', 'c')
join pg_namespace n
    on n.oid = c.relnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
join pg_type t on t.oid = a.atttypid
left join lateral (
    -- Minor releases of 2026 keep the row type's version as an option of their own;
    -- pg_dump leaves it out as well.
    select array_agg(o) as options
    from unnest(a.attoptions) as o
    where o not like 'pg\_attver=%'
) own on a.attoptions is not null
left join pg_attrdef d
    on a.atthasdef
    and d.adrelid = a.attrelid
    and d.adnum = a.attnum
left join pg_constraint nn -- since 18
    on a.attnotnull -- since 18
    and nn.conrelid = a.attrelid -- since 18
    and nn.contype = 'n' -- since 18
    and nn.conkey[1] = a.attnum -- since 18
where a.attrelid >= 16384
    and a.attnum > 0
    and not a.attisdropped
    and (
        c.relkind in ('r', 'p', 'f')
        or a.atthasdef
        or a.attacl is not null
        or own.options is not null
        or a.attcompression <> ''
        or coalesce(a.attstattarget, -1) <> -1
        or a.attstorage <> t.typstorage
        or exists (
            select
            from pg_description about
            where about.objoid = a.attrelid
                and about.classoid = c.tableoid
                and about.objsubid = a.attnum
        )
    )
order by a.attrelid, a.attnum;
