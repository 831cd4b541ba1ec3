select
    'text search configuration' as kind,
    format('%I.%I', n.nspname, c.cfgname) as name,
    c.tableoid as class,
    c.oid,
    c.cfgowner::regrole::text as owner,
    format('%I.%I', pn.nspname, p.prsname) as parser,
    array(
        select array[
            (
                select token.alias
                from ts_token_type(c.cfgparser) as token
                where token.tokid = m.maptokentype
            ),
            string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno)
        ]
        from pg_ts_config_map m
        where m.mapcfg = c.oid
        group by m.maptokentype
        order by m.maptokentype
    ) as mappings
from pg_ts_config c
join pg_namespace n
    on n.oid = c.cfgnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
join pg_ts_parser p on p.oid = c.cfgparser
join pg_namespace pn on pn.oid = p.prsnamespace
where c.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = c.tableoid
            and d.objid = c.oid
            and d.deptype = 'e'
    );
