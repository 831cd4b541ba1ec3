-- check: the number is the key, so one organization holds it
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('phone_numbers_held_pkey', 'PRIMARY KEY (phone_number)'),
    (
        'held_kind_is_known',
        'CHECK ((kind = ANY (ARRAY[''managed''::text, ''byoc''::text])))'
    )
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.phone_numbers_held')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from expected.definition;

-- check: what comes to life is held, what ends is given back
select
    expected.tbl as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('managed_phone_numbers', 'hold_managed_number', 'status'),
    ('org_credentials', 'hold_byoc_number', 'is_active, phone_number')
) as expected (tbl, function, columns)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = 'a_live_number_is_held'
where
    t.tgenabled is distinct from 'O'
    or pg_get_triggerdef(t.oid) <> format(
        'CREATE TRIGGER a_live_number_is_held AFTER INSERT OR DELETE OR UPDATE OF %s'
        || ' ON public.%s FOR EACH ROW EXECUTE FUNCTION private.%s()',
        expected.columns,
        expected.tbl,
        expected.function
    );

-- check: a released number rests for 30 days
select
    'private.quarantine_period' as subject,
    private.quarantine_period()::text as detail
where private.quarantine_period() <> interval '30 days';

-- check: a number in quarantine goes to nobody, a held one to its holder only
select
    expected.function as subject,
    'missing, or without ' || expected.part as detail
from (
    values
    ('hold_number(text, uuid, text)', 'h.quarantined_until <= now()'),
    ('hold_number(text, uuid, text)', 'and h.org_id = excluded.org_id'),
    ('hold_number(text, uuid, text)', 'and h.kind = excluded.kind'),
    ('hold_number(text, uuid, text)', 'perform private.refuse(''number_unavailable'''),
    ('give_number_back(text, uuid, interval)', 'set quarantined_until = now()'),
    ('give_number_back(text, uuid, interval)', 'delete from'),
    ('hold_managed_number()', 'if is_live and not was_live then'),
    ('hold_managed_number()', 'elsif was_live and not is_live then'),
    ('hold_byoc_number()', 'if is_live and not was_live then'),
    ('hold_byoc_number()', 'elsif was_live and not is_live then')
) as expected (function, part)
left join pg_proc as p
    on p.oid = to_regprocedure('private.' || expected.function)
where coalesce(position(expected.part in p.prosrc), 0) = 0;

-- check: the functions stand as this change made them, for those they are for
select
    expected.name as subject,
    coalesce(
        'fingerprint ' || md5(replace(pg_get_functiondef(p.oid), 'public.', '')),
        'missing'
    ) as detail
from (
    values
    ('private.quarantine_period()', '617501d8dabcdeee00871d2678037e8d', 'nobody'),
    (
        'private.hold_number(text, uuid, text)',
        '7e021c99171014826ee62f52bdf26453',
        'nobody'
    ),
    (
        'private.give_number_back(text, uuid, interval)',
        '76a6ce8dec556f0fa6076f361e351090',
        'nobody'
    ),
    ('private.hold_managed_number()', 'a756b935383767a0769d1ebac64f2fad', 'nobody'),
    ('private.hold_byoc_number()', 'bb30879172ec04eb2a69a705722ad6d1', 'nobody')
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
