select
    'operator class' as kind,
    format('%I.%I using %I', n.nspname, c.opcname, am.amname) as name,
    c.tableoid as class,
    c.oid,
    c.opcowner::regrole::text as owner,
    format('%I.%I', n.nspname, c.opcname) as bare_name,
    quote_ident(am.amname) as method,
    c.opcdefault as "default",
    format_type(c.opcintype, null) as type,
    format('%I.%I', fn.nspname, f.opfname) as family,
    format_type(nullif(c.opckeytype, 0), null) as storage,
    array(
        select format('operator %s %s', o.amopstrategy, o.amopopr::regoperator) || coalesce(
            ' for order by ' || quote_ident(sn.nspname) || '.' || quote_ident(s.opfname),
            ''
        )
        from pg_depend d
        join pg_amop o on o.oid = d.objid
        left join (pg_opfamily s join pg_namespace sn on sn.oid = s.opfnamespace)
            on s.oid = o.amopsortfamily
        where d.refclassid = c.tableoid
            and d.refobjid = c.oid
            and d.classid = 'pg_amop'::regclass
        order by o.amopstrategy, 1
    ) as operators,
    array(
        select format(
            'function %s (%s, %s) %s',
            p.amprocnum,
            format_type(p.amproclefttype, null),
            format_type(p.amprocrighttype, null),
            p.amproc::regprocedure
        )
        from pg_depend d
        join pg_amproc p on p.oid = d.objid
        where d.refclassid = c.tableoid
            and d.refobjid = c.oid
            and d.classid = 'pg_amproc'::regclass
        order by p.amprocnum, 1
    ) as functions
from pg_opclass c
join pg_namespace n
    on n.oid = c.opcnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
join pg_am am on am.oid = c.opcmethod
join pg_opfamily f on f.oid = c.opcfamily
join pg_namespace fn on fn.oid = f.opfnamespace
where c.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = c.tableoid
            and d.objid = c.oid
            and d.deptype = 'e'
    );
