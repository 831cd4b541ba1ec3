select
    'aggregate' as kind,
    format(
        '%I.%I(%s)',
        n.nspname,
        p.proname,
        coalesce(nullif(pg_get_function_identity_arguments(p.oid), ''), '*')
    ) as name,
    p.tableoid as class,
    p.oid,
    p.oid::regprocedure::text as signature,
    p.proowner::regrole::text as owner,
    p.proacl::text[] as acl,
    case
        when p.proacl is not null then acldefault('f', p.proowner)::text[]
    end as acl_default,
    format('%I.%I', n.nspname, p.proname) as bare_name,
    coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*') as arguments,
    pg_get_function_result(p.oid) as result,
    case a.aggkind when 'h' then true end as hypothetical,
    case p.proparallel when 's' then 'safe' when 'r' then 'restricted' end as parallel,
    a.aggtransfn::regproc::text as sfunc,
    a.aggtranstype::regtype::text as stype,
    nullif(a.aggtransspace, 0) as sspace,
    nullif(a.aggfinalfn, 0)::regproc::text as finalfunc,
    a.aggfinalextra as finalfunc_extra,
    case
        when a.aggfinalfn <> 0 and a.aggkind = 'n' then nullif(a.aggfinalmodify, 'r')
        when a.aggfinalfn <> 0 then nullif(a.aggfinalmodify, 'w')
    end as finalfunc_modify,
    nullif(a.aggcombinefn, 0)::regproc::text as combinefunc,
    nullif(a.aggserialfn, 0)::regproc::text as serialfunc,
    nullif(a.aggdeserialfn, 0)::regproc::text as deserialfunc,
    quote_literal(a.agginitval) as initcond,
    nullif(a.aggmtransfn, 0)::regproc::text as msfunc,
    nullif(a.aggminvtransfn, 0)::regproc::text as minvfunc,
    nullif(a.aggmtranstype, 0)::regtype::text as mstype,
    nullif(a.aggmtransspace, 0) as msspace,
    nullif(a.aggmfinalfn, 0)::regproc::text as mfinalfunc,
    a.aggmfinalextra as mfinalfunc_extra,
    case when a.aggmfinalfn <> 0 then nullif(a.aggmfinalmodify, 'r') end
        as mfinalfunc_modify,
    quote_literal(a.aggminitval) as minitcond,
    case when a.aggsortop <> 0 then (
        select format('operator(%I.%s)', opn.nspname, op.oprname)
        from pg_operator op
        join pg_namespace opn on opn.oid = op.oprnamespace
        where op.oid = a.aggsortop
    ) end as sortop
from pg_proc p
join pg_aggregate a on a.aggfnoid = p.oid
join pg_namespace n
    on n.oid = p.pronamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
where p.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = p.tableoid
            and d.objid = p.oid
            and d.deptype = 'e'
    );
