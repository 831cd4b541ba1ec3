-- Indexes that no constraint stands on.
select
    'index' as kind,
    quote_ident(i.relname) as name,
    i.tableoid as class,
    i.oid,
    x.indrelid as parent,
    i.oid::regclass::text as index,
    pg_get_indexdef(i.oid) as definition,
    quote_ident(ts.spcname) as tablespace,
    not x.indisvalid as not_valid,
    not x.indisready as not_ready,
    not x.indislive as not_live,
    x.indisclustered as clustered,
    x.indisreplident as is_replica_identity,
    up.indrelid as parent_table,
    quote_ident(upper.relname) as parent_name,
    statistics.targets as statistics
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_namespace n
    on n.oid = i.relnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
left join pg_tablespace ts on ts.oid = i.reltablespace
left join pg_inherits h on i.relispartition and h.inhrelid = i.oid
left join pg_index up on up.indexrelid = h.inhparent
left join pg_class upper on upper.oid = h.inhparent
left join lateral (
    select array_agg(a.attnum || ' ' || a.attstattarget order by a.attnum) as targets
    from pg_attribute a
    where x.indexprs is not null
        and a.attrelid = i.oid
        and a.attstattarget >= 0
) statistics on true
where x.indexrelid >= 16384
    and not exists (
        select
        from pg_constraint con
        where con.conindid = x.indexrelid
            and con.contype in ('p', 'u', 'x')
    );
