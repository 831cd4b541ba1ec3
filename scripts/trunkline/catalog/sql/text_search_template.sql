select
    'text search template' as kind,
    format('%I.%I', n.nspname, t.tmplname) as name,
    t.tableoid as class,
    t.oid,
    case when t.tmplinit <> 0 then t.tmplinit::regproc::text end as init,
    t.tmpllexize::regproc::text as lexize
from pg_ts_template t
join pg_namespace n
    on n.oid = t.tmplnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
where t.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = t.tableoid
            and d.objid = t.oid
            and d.deptype = 'e'
    );
