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
        'private.tell(uuid, text, text, jsonb)',
        '19e1a3b03353b339e28065b0480195b1',
        'nobody'
    ),
    (
        'private.ask_for_a_lease(integer, interval)',
        'bd28022ae25b33a2bde42414548f18c8',
        'nobody'
    ),
    (
        'worker.claim_outbox(integer, interval)',
        '2fdb7bd65b62f060aea27ebbf886419c',
        'telephony_worker'
    ),
    (
        'worker.settle_outbox(uuid, uuid, boolean)',
        'd4b0337950ef9b0e2a5db022c46a4f7b',
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
