select
    'access method' as kind,
    quote_ident(am.amname) as name,
    am.tableoid as class,
    am.oid,
    case am.amtype when 't' then 'table' else 'index' end as type,
    am.amhandler::regproc::text as handler
from pg_am am
where am.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = am.tableoid
            and d.objid = am.oid
            and d.deptype = 'e'
    );
