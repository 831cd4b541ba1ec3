select
    'text search dictionary' as kind,
    format('%I.%I', n.nspname, t.dictname) as name,
    t.tableoid as class,
    t.oid,
    t.dictowner::regrole::text as owner,
    format('%I.%I', ln.nspname, l.tmplname) as template,
    t.dictinitoption as settings_text
from pg_ts_dict t
join pg_namespace n
    on n.oid = t.dictnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
join pg_ts_template l on l.oid = t.dicttemplate
join pg_namespace ln on ln.oid = l.tmplnamespace
where t.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = t.tableoid
            and d.objid = t.oid
            and d.deptype = 'e'
    );
