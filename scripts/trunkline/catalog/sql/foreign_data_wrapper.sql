select
    'foreign data wrapper' as kind,
    quote_ident(w.fdwname) as name,
    w.tableoid as class,
    w.oid,
    w.fdwowner::regrole::text as owner,
    w.fdwacl::text[] as acl,
    case
        when w.fdwacl is not null then acldefault('F', w.fdwowner)::text[]
    end as acl_default,
    case when w.fdwhandler <> 0 then w.fdwhandler::regproc::text end as handler,
    case when w.fdwvalidator <> 0 then w.fdwvalidator::regproc::text end as validator,
    w.fdwoptions as foreign_options
from pg_foreign_data_wrapper w
where not exists (
    select
    from pg_depend d
    where d.classid = w.tableoid
        and d.objid = w.oid
        and d.deptype = 'e'
);
