select
    'conversion' as kind,
    format('%I.%I', n.nspname, c.conname) as name,
    c.tableoid as class,
    c.oid,
    c.conowner::regrole::text as owner,
    pg_encoding_to_char(c.conforencoding) as source,
    pg_encoding_to_char(c.contoencoding) as target,
    c.conproc::regproc::text as function,
    c.condefault as "default"
from pg_conversion c
join pg_namespace n
    on n.oid = c.connamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
where c.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = c.tableoid
            and d.objid = c.oid
            and d.deptype = 'e'
    );
