-- User mappings, as far as the role may read their options.
select
    'user mapping' as kind,
    format(
        'for %s server %I',
        case when m.umuser = 0 then 'public' else quote_ident(m.usename) end,
        m.srvname
    ) as name,
    'pg_user_mapping'::regclass::oid as class,
    m.umid as oid,
    m.umoptions as foreign_options,
    case when m.umoptions is null then '{foreign_options}'::text[] end as unread
from pg_user_mappings m;
