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
        'worker.route_inbound_call(public.e164)',
        'c1152904cf7573022d2810b621269fe2',
        'telephony_worker'
    ),
    (
        'worker.outbound_credential(uuid)',
        '6567b10c2961167d02a0dcb28ae0929f',
        'telephony_worker'
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
