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
        'worker.renew_lease(uuid, uuid, integer, interval)',
        'f9dacf18d5f5985b6fed0e93ca3cc0c0',
        'telephony_worker'
    ),
    (
        'worker.claim_provisioning(integer, interval)',
        '845132ea346a15973c071576ece7f809',
        'telephony_worker'
    ),
    (
        'private.keep_lease(uuid, uuid, integer)',
        'ad794b9ca36e8554c7263153188337f2',
        'nobody'
    ),
    (
        'private.end_in_failure(public.provisioning_requests, text)',
        '30250e9a6413f66a4c7674f48c2a8c63',
        'nobody'
    ),
    (
        'worker.fail_provisioning(uuid, uuid, integer, text, boolean)',
        '86f365dd40e6acdd799cb8d48bd48110',
        'telephony_worker'
    ),
    ('worker.reap_leases()', '16dac95500677905784cbf2ffc9ec6ed', 'telephony_worker')
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
