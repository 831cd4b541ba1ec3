-- Functions, window functions and procedures; not the constructors that come with a
-- range. The definition holds everything; the facts beside it name a difference.
select
    case p.prokind when 'p' then 'procedure' else 'function' end as kind,
    p.oid::regprocedure::text as name,
    p.tableoid as class,
    p.oid,
    p.proowner::regrole::text as owner,
    p.proacl::text[] as acl,
    case
        when p.proacl is not null then acldefault('f', p.proowner)::text[]
    end as acl_default,
    pg_get_function_arguments(p.oid) as arguments,
    pg_get_function_result(p.oid) as result,
    quote_ident(l.lanname) as language,
    case p.provolatile when 'i' then 'immutable' when 's' then 'stable' end as volatility,
    p.proisstrict as strict,
    p.prosecdef as security_definer,
    p.proleakproof as leakproof,
    case p.proparallel when 's' then 'safe' when 'r' then 'restricted' end as parallel,
    p.procost as cost,
    p.prorows as rows,
    case when p.prosupport <> 0 then p.prosupport::regproc::text end as support,
    p.proconfig as settings,
    pg_get_functiondef(p.oid) as definition
from pg_proc p
join pg_namespace n
    on n.oid = p.pronamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
join pg_language l on l.oid = p.prolang
where p.oid >= 16384
    and p.prokind in ('f', 'w', 'p')
    and not exists (
        select
        from pg_depend d
        where d.classid = p.tableoid
            and d.objid = p.oid
            and d.deptype in ('e', 'i')
    );
