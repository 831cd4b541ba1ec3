-- What an application does with each relation, by the server's counters. An index is
-- locked by whoever uses its table, a partitioned table by whoever uses a partition.
with recursive members as (
    select
        c.oid as member,
        c.oid as whole
    from pg_class as c
    where c.relkind in ('r', 'p', 'm')
    union all
    select
        i.inhrelid,
        m.whole
    from members as m
    inner join pg_inherits as i on i.inhparent = m.member
    inner join pg_class as c on c.oid = m.member and c.relkind = 'p'
),

used as (
    select
        m.whole,
        coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0) as writes,
        coalesce(
            sum(
                greatest(
                    coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0)
                    - s.n_tup_upd - s.n_tup_del,
                    0
                )
            ),
            0
        ) as reads,
        coalesce(sum(pg_table_size(m.member)), 0) as bytes,
        coalesce(sum(pg_total_relation_size(m.member)), 0) as all_bytes
    from members as m
    left join pg_stat_user_tables as s on s.relid = m.member
    group by m.whole
),

relations as (
    select
        u.whole as oid,
        u.whole as of_table,
        false as is_index
    from used as u
    union all
    select
        i.indexrelid,
        i.indrelid,
        true
    from pg_index as i
)

select
    format('%I.%I', n.nspname, c.relname) as relation,
    u.reads::bigint as reads,
    u.writes::bigint as writes,
    case when r.is_index then pg_relation_size(r.oid) else u.bytes end::bigint as bytes,
    u.all_bytes::bigint as all_bytes,
    r.is_index
from relations as r
inner join pg_class as c on c.oid = r.oid
inner join pg_namespace as n on n.oid = c.relnamespace
inner join used as u on u.whole = r.of_table
where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
