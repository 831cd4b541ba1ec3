-- Extended statistics.
select
    'statistics' as kind,
    format('%I.%I', n.nspname, s.stxname) as name,
    s.tableoid as class,
    s.oid,
    s.stxrelid as parent,
    s.stxowner::regrole::text as owner,
    pg_get_statisticsobjdef(s.oid) as definition,
    nullif(s.stxstattarget, -1) as target
from pg_statistic_ext s
join pg_namespace n
    on n.oid = s.stxnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)';
