select
    'collation' as kind,
    format('%I.%I', n.nspname, c.collname) as name,
    c.tableoid as class,
    c.oid,
    c.collowner::regrole::text as owner,
    case c.collprovider
        when 'c' then 'libc'
        when 'i' then 'icu'
        when 'b' then 'builtin'
        else 'default'
    end as provider,
    not c.collisdeterministic as nondeterministic,
    c.collcollate as lc_collate,
    c.collctype as lc_ctype,
    c.colliculocale as locale, -- until 16
    c.colllocale as locale, -- since 17
    c.collicurules as rules, -- since 16
    nullif(c.collencoding, -1) as encoding
from pg_collation c
join pg_namespace n
    on n.oid = c.collnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
where not exists (
    select
    from pg_depend d
    where d.classid = c.tableoid
        and d.objid = c.oid
        and d.deptype = 'e'
);
