select
    'publication' as kind,
    quote_ident(p.pubname) as name,
    p.tableoid as class,
    p.oid,
    p.pubowner::regrole::text as owner,
    p.puballtables as all_tables,
    concat_ws(
        ', ',
        case when p.pubinsert then 'insert' end,
        case when p.pubupdate then 'update' end,
        case when p.pubdelete then 'delete' end,
        case when p.pubtruncate then 'truncate' end
    ) as publish,
    p.pubviaroot as publish_via_partition_root,
    case p.pubgencols when 's' then 'stored' end as publish_generated_columns, -- since 18
    array(
        select r.prrelid::regclass::text
            || coalesce(
                ' (' || (
                    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
                    from pg_attribute a
                    where a.attrelid = r.prrelid
                        and a.attnum = any (r.prattrs)
                ) || ')',
                ''
            )
            || coalesce(' where (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')
        from pg_publication_rel r
        where r.prpubid = p.oid
        order by 1
    ) as tables,
    array(
        select quote_ident(n.nspname)
        from pg_publication_namespace s
        join pg_namespace n on n.oid = s.pnnspid
        where s.pnpubid = p.oid
        order by 1
    ) as schemas
from pg_publication p
where not exists (
    select
    from pg_depend d
    where d.classid = p.tableoid
        and d.objid = p.oid
        and d.deptype = 'e'
);
