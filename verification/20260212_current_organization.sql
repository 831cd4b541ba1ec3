-- check: the organization comes from the claims, whatever the search path
select
    expected.name as subject,
    coalesce('search_path: ' || p.proconfig::text, 'missing or unpinned') as detail
from (
    values ('private.current_org_id()'), ('public.set_updated_at()')
) as expected (name)
left join pg_proc as p
    on p.oid = to_regprocedure(expected.name)
where p.proconfig is distinct from array['search_path=""'];

-- check: signed-in users may ask which organization they are, and nobody else
select
    r.rolname as subject,
    'execute on private.current_org_id()' as detail
from pg_roles as r
where
    r.rolname in ('anon', 'authenticated', 'telephony_worker', 'telephony_auditor')
    and has_function_privilege(r.oid, 'private.current_org_id()', 'execute')
    <> (r.rolname = 'authenticated');

-- check: the functions stand as this change made them, for those they are for
select
    expected.name as subject,
    coalesce(
        'fingerprint ' || md5(replace(pg_get_functiondef(p.oid), 'public.', '')),
        'missing'
    ) as detail
from (
    values
    ('private.current_org_id()', '0b68619acfb84a3b7dbc2e973e7e9760', 'authenticated')
) as expected (name, fingerprint, caller)
left join pg_proc as p
    on p.oid = to_regprocedure(expected.name)
where
    md5(replace(pg_get_functiondef(p.oid), 'public.', ''))
    is distinct from expected.fingerprint
    or exists (
        select
        from pg_roles as r
        where
            r.rolname in (
                'anon',
                'authenticated',
                'service_role',
                'telephony_worker',
                'telephony_backfill',
                'telephony_auditor'
            )
            and has_function_privilege(r.oid, p.oid, 'execute')
            <> (r.rolname = expected.caller)
    );
