select
    'transform' as kind,
    format('for %s language %I', format_type(t.trftype, null), l.lanname) as name,
    t.tableoid as class,
    t.oid,
    case when t.trffromsql <> 0 then t.trffromsql::regprocedure::text end as from_sql,
    case when t.trftosql <> 0 then t.trftosql::regprocedure::text end as to_sql
from pg_transform t
join pg_language l on l.oid = t.trflang
where t.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = t.tableoid
            and d.objid = t.oid
            and d.deptype = 'e'
    );
