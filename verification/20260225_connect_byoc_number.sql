-- check: a door is a view without rows, and its trigger is the only way through
select
    expected.door as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('connecting_a_number', 'connect_a_number'),
    ('disconnecting_a_number', 'disconnect_a_number')
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
    ('connecting_a_number', 'connect_a_number'),
    ('disconnecting_a_number', 'disconnect_a_number')
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
    (
        'private.retire_credential(uuid, uuid)',
        '8b648ef37bb8a8241197b079615e8f75',
        'nobody'
    ),
    (
        'private.connect_number(uuid, text, text, text, uuid, timestamptz)',
        '0c0fc9463484d61468e8d0eacf2f8851',
        'nobody'
    ),
    (
        'worker.connect_proved_number(uuid, text, text, text, uuid)',
        '1c7dcd7428cf4a5f2380ec63ff5495d3',
        'telephony_worker'
    ),
    ('private.connect_a_number()', 'e7699a54211565a3fb85dc9e1a2c116e', 'nobody'),
    (
        'api.connect_byoc_number(text, text, text, uuid)',
        'cac35f86f6e316f08c2f14878ceca41c',
        'authenticated'
    ),
    ('private.disconnect_a_number()', '048d67e1715d38dba01332dbcaca21f1', 'nobody'),
    (
        'api.disconnect_byoc_number(uuid)',
        'a640123bba0bf6978dc3c0847ff739be',
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
