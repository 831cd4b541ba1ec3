-- check: the roles exist and nobody logs in with them
select
    expected.name as subject,
    case when r.rolname is null then 'missing' else 'may log in' end as detail
from (
    values ('telephony_worker'), ('telephony_backfill'), ('telephony_auditor')
) as expected (name)
left join pg_roles as r
    on r.rolname = expected.name
where r.rolcanlogin is not false;

-- check: the four schemas stand and say what they are for
select
    expected.name as subject,
    case when n.oid is null then 'missing' else 'no comment' end as detail
from (values ('api'), ('worker'), ('private'), ('audit')) as expected (name)
left join pg_namespace as n
    on n.nspname = expected.name
where obj_description(n.oid, 'pg_namespace') is null;

-- check: a schema is entered only by those it is for
select
    n.nspname as subject,
    r.rolname || ' may '
    || case
        when has_schema_privilege(r.oid, n.oid, 'create') then 'create objects here'
        when has_schema_privilege(r.oid, n.oid, 'usage') then 'enter'
        else 'not enter'
    end as detail
from pg_namespace as n
cross join pg_roles as r
where
    n.nspname in ('api', 'worker', 'private', 'audit')
    and r.rolname in ('anon', 'authenticated', 'telephony_worker', 'telephony_auditor')
    and (
        has_schema_privilege(r.oid, n.oid, 'create')
        or (n.nspname, r.rolname) in (
            ('api', 'authenticated'),
            ('worker', 'telephony_worker'),
            ('audit', 'telephony_auditor')
        ) <> has_schema_privilege(r.oid, n.oid, 'usage')
    );

-- check: a new function is for nobody until somebody is named
select
    'default privileges' as subject,
    'everyone may execute new functions' as detail
where
    not exists (
        select
        from pg_default_acl as d
        where
            d.defaclrole = (
                select n.nspowner
                from pg_namespace as n
                where n.nspname = 'private'
            )
            and d.defaclnamespace = 0
            and d.defaclobjtype = 'f'
    );
