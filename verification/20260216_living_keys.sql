-- check: sealing asks for a living key, and keys in use are kept
select
    expected.tbl || '.' || expected.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('org_credentials', 'sealed_under_a_living_key', 7, 'seal_under_a_living_key'),
    ('org_credentials', 'resealed_under_a_living_key', 19, 'seal_under_a_living_key'),
    ('twilio_subaccounts', 'sealed_under_a_living_key', 7, 'seal_under_a_living_key'),
    (
        'twilio_subaccounts',
        'resealed_under_a_living_key',
        19,
        'seal_under_a_living_key'
    ),
    ('org_data_keys', 'keys_in_use_are_kept', 19, 'keep_keys_in_use')
) as expected (tbl, name, type, function)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = expected.name
        and t.tgenabled = 'O'
        and t.tgtype = expected.type
        and t.tgfoid = to_regproc('private.' || expected.function)
where t.oid is null;

-- check: what comes back is asked for its key, too
select
    'org_credentials.resealed_under_a_living_key' as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (values ('resealed_under_a_living_key')) as expected (name)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.org_credentials')
        and t.tgname = expected.name
where
    coalesce(
        position(
            'OR (new.is_active AND (NOT old.is_active))' in pg_get_triggerdef(t.oid)
        ),
        0
    ) = 0;

-- check after: no credential in use is sealed under a destroyed key
select
    c.id::text as subject,
    'sealed under key ' || k.version || ', which is destroyed' as detail
from public.org_data_keys as k
inner join public.org_credentials as c
    on
        c.org_id = k.org_id
        and c.key_version = k.version
where k.state = 'destroyed' and c.is_active;

-- check after: no subaccount in use has its token sealed under a destroyed key
select
    s.id::text as subject,
    'sealed under key ' || k.version || ', which is destroyed' as detail
from public.org_data_keys as k
inner join public.twilio_subaccounts as s
    on
        s.org_id = k.org_id
        and s.key_version = k.version
where k.state = 'destroyed' and s.status <> 'closed';

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
        'private.seal_under_a_living_key()',
        '2891ceb219348a5d51ff123845d91fdf',
        'nobody'
    ),
    ('private.keep_keys_in_use()', '479830467e0f54cf71b5993660998adb', 'nobody')
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
