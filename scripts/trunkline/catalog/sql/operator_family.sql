-- Operator families, with the members that belong to no class of theirs.
select
    'operator family' as kind,
    format('%I.%I using %I', n.nspname, f.opfname, am.amname) as name,
    f.tableoid as class,
    f.oid,
    f.opfowner::regrole::text as owner,
    array(
        select array[
            format(
                'operator %s (%s, %s)',
                o.amopstrategy,
                format_type(o.amoplefttype, null),
                format_type(o.amoprighttype, null)
            ),
            format('operator %s %s', o.amopstrategy, o.amopopr::regoperator) || coalesce(
                ' for order by ' || quote_ident(sn.nspname) || '.' || quote_ident(s.opfname),
                ''
            )
        ]
        from pg_depend d
        join pg_amop o on o.oid = d.objid
        left join (pg_opfamily s join pg_namespace sn on sn.oid = s.opfnamespace)
            on s.oid = o.amopsortfamily
        where d.refclassid = f.tableoid
            and d.refobjid = f.oid
            and d.classid = 'pg_amop'::regclass
        order by o.amopstrategy, 1
    ) as operators,
    array(
        select array[
            format(
                'function %s (%s, %s)',
                p.amprocnum,
                format_type(p.amproclefttype, null),
                format_type(p.amprocrighttype, null)
            ),
            format(
                'function %s (%s, %s) %s',
                p.amprocnum,
                format_type(p.amproclefttype, null),
                format_type(p.amprocrighttype, null),
                p.amproc::regprocedure
            )
        ]
        from pg_depend d
        join pg_amproc p on p.oid = d.objid
        where d.refclassid = f.tableoid
            and d.refobjid = f.oid
            and d.classid = 'pg_amproc'::regclass
        order by p.amprocnum, 1
    ) as functions
from pg_opfamily f
join pg_namespace n
    on n.oid = f.opfnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
join pg_am am on am.oid = f.opfmethod
where f.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = f.tableoid
            and d.objid = f.oid
            and d.deptype = 'e'
    );
