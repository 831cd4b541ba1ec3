select
    'database setting' as kind,
    split_part(setting, '=', 1) || case
        when s.setrole <> 0 then ' for role ' || s.setrole::regrole::text
        else ''
    end as name,
    s.tableoid as class,
    0::oid as oid,
    split_part(setting, '=', 1) as setting,
    substr(setting, strpos(setting, '=') + 1) as value,
    case when s.setrole <> 0 then s.setrole::regrole::text end as role
from pg_db_role_setting s
cross join unnest(s.setconfig) as setting
where s.setdatabase = (
    select d.oid
    from pg_database d
    where d.datname = current_database()
);
