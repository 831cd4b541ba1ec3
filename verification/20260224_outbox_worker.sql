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
        'worker.claim_outbox(integer, interval)',
        '252020dbfdac05a0ea9695e98754ed5d',
        'telephony_worker'
    ),
    (
        'worker.settle_outbox(uuid, uuid, boolean)',
        'bda711511cd1505fd39d32cf01f4f493',
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
