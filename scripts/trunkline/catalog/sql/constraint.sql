-- Constraints of tables. Not-null constraints are told with their columns, the
-- constraint of a constraint trigger with the trigger.
select
    'constraint' as kind,
    quote_ident(con.conname) as name,
    con.tableoid as class,
    con.oid,
    con.conrelid as parent,
    case con.contype
        when 'p' then 'primary key'
        when 'u' then 'unique'
        when 'x' then 'exclude'
        when 'f' then 'foreign key'
        when 'c' then 'check'
    end as type,
    regexp_replace(
        pg_get_constraintdef(con.oid),
        '( DEFERRABLE| INITIALLY DEFERRED| NOT ENFORCED| NOT VALID)+$',
        ''
    ) as definition,
    case
        when con.condeferred then 'deferrable initially deferred'
        when con.condeferrable then 'deferrable'
    end as deferrable,
    not con.conenforced as not_enforced, -- since 18
    con.conenforced and -- since 18
    not con.convalidated as not_valid,
    con.confrelid as references,
    con.coninhcount > 0 as inherited,
    con.coninhcount > 0 and con.conislocal and con.conparentid = 0 as also_local,
    up.conrelid as parent_table,
    quote_ident(up.conname) as parent_name,
    array(
        select distinct t.tgrelid::regclass::text
        from pg_trigger t
        where t.tgconstraint = con.oid
            and t.tgisinternal
            and t.tgenabled <> 'O'
        order by 1
    ) as triggers_disabled,
    i.oid::regclass::text as index,
    quote_ident(ts.spcname) as tablespace,
    case when con.contype <> 'x' then i.reloptions end as options,
    not x.indisvalid as index_not_valid,
    x.indisclustered as clustered,
    x.indisreplident as is_replica_identity,
    statistics.targets as statistics,
    i.tableoid as part_class,
    i.oid as part_oid
from pg_constraint con
join pg_class c on c.oid = con.conrelid
join pg_namespace n
    on n.oid = c.relnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
left join pg_constraint up on con.conparentid <> 0 and up.oid = con.conparentid
left join pg_index x
    on con.contype in ('p', 'u', 'x')
    and x.indexrelid = con.conindid
left join pg_class i on i.oid = x.indexrelid
left join pg_tablespace ts on ts.oid = i.reltablespace
left join lateral (
    select array_agg(a.attnum || ' ' || a.attstattarget order by a.attnum) as targets
    from pg_attribute a
    where x.indexprs is not null
        and a.attrelid = i.oid
        and a.attstattarget >= 0
) statistics on true
where con.oid >= 16384
    and con.contype in ('p', 'u', 'x', 'f', 'c')
    -- A foreign key to a partitioned table has one below it for each partition.
    and (up.oid is null or up.conrelid <> con.conrelid);
