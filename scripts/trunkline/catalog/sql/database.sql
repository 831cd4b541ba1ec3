-- The database itself, but not its name: two databases are to be comparable.
select
    'database' as kind,
    'of the connection' as name,
    d.tableoid as class,
    d.oid,
    d.datdba::regrole::text as owner,
    d.datacl::text[] as acl,
    case
        when d.datacl is not null then acldefault('d', d.datdba)::text[]
    end as acl_default,
    nullif(d.datconnlimit, -1) as connection_limit,
    d.datistemplate as is_template,
    shobj_description(d.oid, 'pg_database') as comment
from pg_database d
where d.datname = current_database();
