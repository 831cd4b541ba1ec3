-- Operators; one that was only named by another (no function yet) is none.
select
    'operator' as kind,
    format(
        '%I.%s (%s, %s)',
        n.nspname,
        o.oprname,
        coalesce(format_type(nullif(o.oprleft, 0), null), 'none'),
        format_type(o.oprright, null)
    ) as name,
    o.tableoid as class,
    o.oid,
    o.oprowner::regrole::text as owner,
    format('%I.%s', n.nspname, o.oprname) as bare_name,
    format_type(nullif(o.oprleft, 0), null) as leftarg,
    format_type(o.oprright, null) as rightarg,
    o.oprcode::regproc::text as function,
    'operator(' || quote_ident(cn.nspname) || '.' || c.oprname || ')' as commutator,
    'operator(' || quote_ident(nn.nspname) || '.' || ng.oprname || ')' as negator,
    case when o.oprrest <> 0 then o.oprrest::regproc::text end as restrict,
    case when o.oprjoin <> 0 then o.oprjoin::regproc::text end as join,
    o.oprcanhash as hashes,
    o.oprcanmerge as merges
from pg_operator o
join pg_namespace n
    on n.oid = o.oprnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
left join (pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace)
    on o.oprcom <> 0
    and c.oid = o.oprcom
left join (pg_operator ng join pg_namespace nn on nn.oid = ng.oprnamespace)
    on o.oprnegate <> 0
    and ng.oid = o.oprnegate
where o.oid >= 16384
    and o.oprcode <> 0
    and not exists (
        select
        from pg_depend d
        where d.classid = o.tableoid
            and d.objid = o.oid
            and d.deptype = 'e'
    );
