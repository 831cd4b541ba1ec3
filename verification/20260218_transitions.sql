-- check: a new row starts in its first state, and moves only along its transitions
select
    expected.tbl || '.' || expected.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('managed_phone_numbers', 'first_state', 7, ''),
    (
        'managed_phone_numbers',
        'next_state',
        19,
        'WHEN ((old.status IS DISTINCT FROM new.status)) '
    ),
    ('twilio_subaccounts', 'first_state', 7, ''),
    (
        'twilio_subaccounts',
        'next_state',
        19,
        'WHEN ((old.status IS DISTINCT FROM new.status)) '
    )
) as expected (tbl, name, type, condition)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = expected.name
where
    (t.tgenabled = 'O' and t.tgtype = expected.type) is not true
    or pg_get_triggerdef(t.oid) not like format(
        '%% FOR EACH ROW %sEXECUTE FUNCTION private.follow_transition(''%s'')',
        expected.condition,
        case
            when expected.tbl = 'managed_phone_numbers' then 'number'
            else 'subaccount'
        end
    );

-- check: no step makes a row anew
select
    'nothing_becomes_new' as subject,
    coalesce(pg_get_constraintdef(k.oid), 'missing') as detail
from (
    values ('CHECK ((to_state <> ''(new)''::text))')
) as expected (definition)
left join pg_constraint as k
    on
        k.conrelid = to_regclass('public.provisioning_transitions')
        and k.conname = 'nothing_becomes_new'
where pg_get_constraintdef(k.oid) is distinct from expected.definition;

-- check: a step is looked up with the role that takes it
select
    'private.follow_transition' as subject,
    'missing, or does not look up ' || expected.part as detail
from (
    values
    ('t.machine = tg_argv[0]'),
    ('t.from_state = was'),
    ('t.to_state = becomes'),
    ('pg_has_role(private.caller(), t.actor, ''member'')'),
    ('perform private.refuse')
) as expected (part)
left join pg_proc as p
    on
        p.oid = to_regprocedure('private.follow_transition()')
        and p.prosecdef
where coalesce(position(expected.part in p.prosrc), 0) = 0;

-- check: each machine has a first state, and a released number and a closed account rest
select
    expected.machine || ' ' || expected.resting as subject,
    'no first state, or the resting state is left' as detail
from (
    values
    ('number', 'released'),
    ('number', 'failed'),
    ('subaccount', 'closed'),
    ('request', 'completed'),
    ('request', 'failed'),
    ('operation', 'undone')
) as expected (machine, resting)
where
    not exists (
        select
        from public.provisioning_transitions as t
        where t.machine = expected.machine and t.from_state = '(new)'
    )
    or exists (
        select
        from public.provisioning_transitions as t
        where t.machine = expected.machine and t.from_state = expected.resting
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
    ('private.caller()', '238d3b955713298c246d9cb5f7e2e5cf', 'nobody'),
    ('private.follow_transition()', 'c18ef50cd99cfe21bc380034b37d0be9', 'nobody')
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
