select
    'text search parser' as kind,
    format('%I.%I', n.nspname, p.prsname) as name,
    p.tableoid as class,
    p.oid,
    p.prsstart::regproc::text as start,
    p.prstoken::regproc::text as gettoken,
    p.prsend::regproc::text as end,
    p.prslextype::regproc::text as lextypes,
    case when p.prsheadline <> 0 then p.prsheadline::regproc::text end as headline
from pg_ts_parser p
join pg_namespace n
    on n.oid = p.prsnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
where p.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = p.tableoid
            and d.objid = p.oid
            and d.deptype = 'e'
    );
