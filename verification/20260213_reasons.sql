-- check: every reason has one sentence and one errcode, of the known form
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('telephony_reasons_pkey', 'PRIMARY KEY (reason_code)'),
    ('one_errcode_for_each_reason', 'UNIQUE (errcode)'),
    (
        'reason_code_is_a_word',
        'CHECK ((reason_code ~ ''^[a-z]+(_[a-z]+)*$''::text))'
    ),
    ('errcode_is_ours', 'CHECK ((errcode ~ ''^TP[0-9]{3}$''::text))')
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.telephony_reasons')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from expected.definition;

-- check: the second managed number is refused with the agreed sentence
select
    'one_managed_number_per_org' as subject,
    coalesce(r.message, 'missing') as detail
from (values ('one_managed_number_per_org')) as expected (reason_code)
left join public.telephony_reasons as r
    on r.reason_code = expected.reason_code
where
    (r.errcode, r.message) is distinct from (
        'TP001',
        'Your organization already has a managed phone number. '
        'Release it before you provision another.'
    );

-- check after: every reason that a function gives has its sentence
select
    p.proname as subject,
    'refuses with the unknown reason ' || given.reason[1] as detail
from pg_proc as p
cross join
    lateral regexp_matches(
        p.prosrc, 'refuse\(\s*''([a-z_]+)''\s*[,)]', 'g'
    ) as given (reason)
left join public.telephony_reasons as r
    on given.reason[1] = r.reason_code
where
    p.pronamespace in (
        select n.oid
        from pg_namespace as n
        where n.nspname in ('private', 'api', 'worker', 'audit')
    )
    and r.reason_code is null;

-- check: a refusal tells code, sentence, facts and next action
select
    'private.refuse' as subject,
    'missing, or does not raise ' || expected.part as detail
from (
    values
    ('errcode = reason.errcode'),
    ('message = reason.message'),
    ('detail = coalesce(left(refuse.facts, 500), '''')'),
    ('hint = reason.hint'),
    ('constraint = reason.reason_code')
) as expected (part)
left join pg_proc as p
    on p.oid = to_regprocedure('private.refuse(text, text)')
where coalesce(position(expected.part in p.prosrc), 0) = 0;

-- check: signed-in users read the sentences and nothing else of the table
select
    expected.privilege as subject,
    'differs from what was granted' as detail
from (
    values
    ('select on reason_code', has_column_privilege(
        'authenticated', 'public.telephony_reasons', 'reason_code', 'select'
    )),
    ('select on message', has_column_privilege(
        'authenticated', 'public.telephony_reasons', 'message', 'select'
    )),
    ('no update', not has_any_column_privilege(
        'authenticated', 'public.telephony_reasons', 'insert, update'
    ))
) as expected (privilege, holds)
where not expected.holds;

-- check: the functions stand as this change made them, for those they are for
select
    expected.name as subject,
    coalesce(
        'fingerprint ' || md5(replace(pg_get_functiondef(p.oid), 'public.', '')),
        'missing'
    ) as detail
from (
    values
    ('private.refuse(text, text)', 'daf0d7b90e31e874dfd880d4867db607', 'nobody')
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
