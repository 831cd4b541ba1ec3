-- Default privileges: those for one schema add to those for all, which stand in the
-- place of PostgreSQL's own.
select
    'default privilege' as kind,
    format('for role %s', a.defaclrole::regrole)
        || coalesce(' in schema ' || quote_ident(n.nspname), '')
        || ' on '
        || word.objects as name,
    a.tableoid as class,
    a.oid,
    format('for role %s', a.defaclrole::regrole)
        || coalesce(' in schema ' || quote_ident(n.nspname), '') as scope,
    word.objects,
    a.defaclrole::regrole::text as owner,
    a.defaclacl::text[] as acl,
    case when a.defaclnamespace = 0
        then acldefault(
            case when a.defaclobjtype = 'S' then 's'::"char" else a.defaclobjtype end,
            a.defaclrole
        )::text[]
        else '{}'::text[]
    end as acl_default
from pg_default_acl a
left join pg_namespace n on n.oid = a.defaclnamespace
cross join lateral (
    select case a.defaclobjtype
        when 'r' then 'tables'
        when 'S' then 'sequences'
        when 'f' then 'functions'
        when 'T' then 'types'
        when 'n' then 'schemas'
        when 'L' then 'large objects'
    end as objects
) word
where a.defaclnamespace = 0
    or n.nspname !~ '^(pg_|information_schema$|trunkline$)';
