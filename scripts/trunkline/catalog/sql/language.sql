select
    'language' as kind,
    quote_ident(l.lanname) as name,
    l.tableoid as class,
    l.oid,
    l.lanowner::regrole::text as owner,
    l.lanacl::text[] as acl,
    case
        when l.lanacl is not null then acldefault('l', l.lanowner)::text[]
    end as acl_default,
    l.lanpltrusted as trusted,
    l.lanplcallfoid::regproc::text as handler,
    nullif(l.laninline, 0)::regproc::text as inline,
    nullif(l.lanvalidator, 0)::regproc::text as validator
from pg_language l
where l.oid >= 16384
    and l.lanispl
    and not exists (
        select
        from pg_depend d
        where d.classid = l.tableoid
            and d.objid = l.oid
            and d.deptype = 'e'
    );
