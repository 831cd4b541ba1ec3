-- check: who a row belongs to, when and as what it was made never changes
select
    expected.tbl || '.' || col.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'no trigger identity_is_fixed') as detail
from (
    values
    ('organizations', '{id,created_at}'::text[]),
    ('user_org_roles', '{org_id,id,user_id,created_at}'),
    ('org_credentials', '{org_id,id,created_at,is_managed}'),
    ('twilio_subaccounts', '{org_id,id,created_at}'),
    ('managed_phone_numbers', '{org_id,id,created_at}'),
    ('agents', '{org_id,id,created_at}'),
    ('org_feature_flags', '{org_id,id,flag_key,created_at}'),
    ('feature_flags', '{id,created_at}'),
    ('org_limits', '{org_id}'),
    ('org_data_keys', '{org_id,version,created_at}')
) as expected (tbl, columns)
cross join lateral unnest(expected.columns) as col (name)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = 'identity_is_fixed'
where
    (t.tgenabled = 'O' and t.tgtype = 19) is not true
    or pg_get_triggerdef(t.oid) not like
    '%EXECUTE FUNCTION private.refuse_row(''identity_is_fixed'')'
    or position(
        format('old.%1$s IS DISTINCT FROM new.%1$s', col.name)
        in pg_get_triggerdef(t.oid)
    ) = 0;

-- check: the digits of a number in use never change
select
    expected.tbl as subject,
    coalesce(pg_get_triggerdef(t.oid), 'no trigger digits_are_fixed') as detail
from (
    values
    (
        'managed_phone_numbers',
        'WHEN (((old.status = ANY (ARRAY[''provisioning''::text, ''active''::text]))'
        || ' AND (old.phone_number IS DISTINCT FROM new.phone_number)))'
    ),
    (
        'org_credentials',
        'WHEN ((old.is_active'
        || ' AND (old.phone_number <> COALESCE(new.phone_number, ''''::text))'
        || ' AND (NOT ((new.phone_number IS NULL)'
        || ' AND (new.encrypted_config !~~ ''v2:%''::text)))))'
    )
) as expected (tbl, condition)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = 'digits_are_fixed'
where
    (t.tgenabled = 'O' and t.tgtype = 19) is not true
    or position(expected.condition in pg_get_triggerdef(t.oid)) = 0;

-- check: the trigger refuses, as the owner
select
    'private.refuse_row' as subject,
    'missing, or does not refuse' as detail
where
    not exists (
        select
        from pg_proc as p
        where
            p.oid = to_regprocedure('private.refuse_row()')
            and p.prosecdef
            and p.prosrc ~ '^\s*begin\s+perform private\.refuse\(tg_argv\[0\]'
    );

-- check: the functions stand as this change made them, for those they are for
select
    expected.name as subject,
    coalesce(
        'fingerprint ' || md5(replace(pg_get_functiondef(p.oid), 'public.', '')),
        'missing'
    ) as detail
from (
    values
    ('private.refuse_row()', '41f8beb97d386c6e08f71ae6ee01517e', 'nobody')
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
