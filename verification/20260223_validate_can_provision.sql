-- check: the permission reads as its user, behind a barrier
select
    'api.provisioning_permission' as subject,
    coalesce(array_to_string(c.reloptions, ', '), 'missing or no options') as detail
from (values ('api.provisioning_permission')) as expected (name)
left join pg_class as c
    on c.oid = to_regclass(expected.name)
where
    (c.reloptions @> array['security_invoker=true', 'security_barrier=true'])
    is not true;

-- check: the permission gives each of its reasons
select
    'api.provisioning_permission' as subject,
    'does not give ' || expected.reason_code as detail
from (
    values
    ('''no_organization'''),
    ('''one_managed_number_per_org'''),
    ('''feature_disabled'''),
    ('''subaccount_''')
) as expected (reason_code)
where
    coalesce(
        position(
            expected.reason_code
            in pg_get_viewdef(to_regclass('api.provisioning_permission'))
        ),
        0
    ) = 0;

-- check: a session without claims is told that it has no organization
select
    coalesce(v.reason_code, 'none') as subject,
    coalesce(v.reason, 'no sentence') as detail
from api.validate_can_provision() as v
where
    coalesce(current_setting('request.jwt.claims', true), '') = ''
    and (
        v.can_provision
        or v.reason_code <> 'no_organization'
        or v.reason is distinct from 'You are not signed in to an organization.'
    );

-- check: the answer has its columns
select
    'api.validate_can_provision' as subject,
    coalesce(pg_get_function_result(p.oid), 'missing') as detail
from (values ('api.validate_can_provision()')) as expected (name)
left join pg_proc as p
    on p.oid = to_regprocedure(expected.name)
where
    pg_get_function_result(p.oid) is distinct from
    'TABLE(can_provision boolean, reason_code text, reason text, existing_number text)';

-- check: signed-in users ask for the permission, and nobody else
select
    r.rolname as subject,
    'may execute api.validate_can_provision()' as detail
from pg_roles as r
where
    r.rolname in ('anon', 'authenticated', 'telephony_worker')
    and has_function_privilege(r.oid, 'api.validate_can_provision()', 'execute')
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
    (
        'api.validate_can_provision()',
        '837fc0dacce2a316d41b1039c9fe0faf',
        'authenticated'
    )
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
