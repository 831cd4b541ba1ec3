-- check: a door is a view without rows, and its trigger is the only way through
select
    expected.door as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('assigning_a_number', 'assign_a_number'),
    ('unassigning_a_number', 'unassign_a_number')
) as expected (door, name)
left join pg_class as c
    on
        c.oid = to_regclass('private.' || expected.door)
        and c.relkind = 'v'
left join pg_trigger as t
    on
        t.tgrelid = c.oid
        and t.tgname = expected.name
where
    (
        t.tgenabled = 'O'
        and c.reloptions @> array['security_invoker=true', 'security_barrier=true']
        and pg_get_viewdef(c.oid) ~ 'WHERE false;$'
        and pg_get_triggerdef(t.oid) = format(
            'CREATE TRIGGER %1$s INSTEAD OF INSERT ON private.%2$s'
            || ' FOR EACH ROW EXECUTE FUNCTION private.%1$s()',
            expected.name,
            expected.door
        )
    ) is not true;

-- check: a door is for signed-in users, who may only ask
select
    r.rolname as subject,
    'rights on private.' || expected.door || ' differ' as detail
from (
    values
    ('assigning_a_number', 'assign_a_number'),
    ('unassigning_a_number', 'unassign_a_number')
) as expected (door, name)
cross join pg_roles as r
where
    r.rolname in (
        'anon',
        'authenticated',
        'service_role',
        'telephony_worker',
        'telephony_backfill'
    )
    and (
        has_table_privilege(r.oid, 'private.' || expected.door, 'insert')
        <> (r.rolname = 'authenticated')
        or has_table_privilege(
            r.oid, 'private.' || expected.door, 'update, delete, truncate'
        )
        or has_schema_privilege(r.oid, 'private', 'usage')
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
    ('private.assign_a_number()', '9215ab8e9781611fce0cdd624a66686d', 'nobody'),
    (
        'api.assign_phone_number(uuid, text, uuid)',
        'ad5a08da7b76c972d2cb7371129e825a',
        'authenticated'
    ),
    ('private.unassign_a_number()', '922682c60ea550cd48d0b76a1b831ac9', 'nobody'),
    (
        'api.unassign_phone_number(uuid, text)',
        '5cd563baa8f28ce5324a16c7d91817b9',
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
