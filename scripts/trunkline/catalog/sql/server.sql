select
    'server' as kind,
    quote_ident(s.srvname) as name,
    s.tableoid as class,
    s.oid,
    s.srvowner::regrole::text as owner,
    s.srvacl::text[] as acl,
    case
        when s.srvacl is not null then acldefault('S', s.srvowner)::text[]
    end as acl_default,
    quote_ident(w.fdwname) as wrapper,
    quote_literal(s.srvtype) as type,
    quote_literal(s.srvversion) as version,
    s.srvoptions as foreign_options
from pg_foreign_server s
join pg_foreign_data_wrapper w on w.oid = s.srvfdw
where not exists (
    select
    from pg_depend d
    where d.classid = s.tableoid
        and d.objid = s.oid
        and d.deptype = 'e'
);
