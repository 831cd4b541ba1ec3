-- Tables, partitioned tables and foreign tables, without their columns.
-- yoyo's own tables are no part of what a change builds.
select
    case c.relkind when 'f' then 'foreign table' else 'table' end as kind,
    c.oid::regclass::text as name,
    c.tableoid as class,
    c.oid,
    c.relowner::regrole::text as owner,
    c.relacl::text[] as acl,
    case
        when c.relacl is not null then acldefault('r', c.relowner)::text[]
    end as acl_default,
    case c.relpersistence when 'u' then 'unlogged' end as persistence,
    case when c.relkind = 'p' or am.amname <> 'heap' then am.amname end
        as access_method,
    quote_ident(ts.spcname) as tablespace,
    c.reloptions || array(
        select 'toast.' || o from unnest(toast.reloptions) as o
    ) as options,
    case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key,
    case
        when c.relispartition then pg_get_expr(c.relpartbound, c.oid)
    end as partition_bound,
    case when c.relispartition or c.relhassubclass or inherits.parents is not null
        then inherits.parents
    end as inherits,
    case when c.reloftype <> 0 then c.reloftype::regtype::text end as of_type,
    c.relrowsecurity as row_security,
    c.relforcerowsecurity as row_security_forced,
    case
        when c.relkind = 'f' then null
        when c.relreplident = 'f' then 'full'
        when c.relreplident = 'n' then 'nothing'
        when c.relreplident = 'i'
            then 'using index' || coalesce(' ' || quote_ident(identity.relname), '')
    end as replica_identity,
    quote_ident(s.srvname) as server,
    ft.ftoptions as foreign_options
from pg_class c
join pg_namespace n
    on n.oid = c.relnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
left join pg_am am on am.oid = c.relam
left join pg_tablespace ts on ts.oid = c.reltablespace
left join pg_class toast on toast.oid = c.reltoastrelid
left join pg_foreign_table ft on ft.ftrelid = c.oid
left join pg_foreign_server s on s.oid = ft.ftserver
left join pg_index ri
    on c.relreplident = 'i'
    and ri.indrelid = c.oid
    and ri.indisreplident
left join pg_class identity on identity.oid = ri.indexrelid
left join lateral (
    select array_agg(i.inhparent::regclass::text order by i.inhseqno) as parents
    from pg_inherits i
    where i.inhrelid = c.oid
) inherits on true
where c.oid >= 16384
    and c.relkind in ('r', 'p', 'f')
    and c.relname !~ '^(_yoyo_(migration|log|version)|yoyo_lock|yoyo_tmp_.*)$'
    and not exists (
        select
        from pg_depend d
        where d.classid = c.tableoid
            and d.objid = c.oid
            and d.deptype = 'e'
    );
