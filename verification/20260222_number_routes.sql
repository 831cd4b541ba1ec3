-- check: a call reaches one organization, and a route goes with its credential
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('number_routes_pkey', 'PRIMARY KEY (org_id, credential_id)'),
    (
        'route_of_a_credential_of_the_org',
        'FOREIGN KEY (org_id, credential_id)'
        || ' REFERENCES %org_credentials(org_id, id) ON DELETE CASCADE'
    ),
    ('one_route_for_each_number', 'UNIQUE (phone_number)')
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.number_routes')
        and con.conname = expected.name
where (pg_get_constraintdef(con.oid) like expected.definition) is not true;

-- check: whatever a route is made of has it made anew
select
    expected.tbl || '.answers_are_kept' as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('org_credentials', 21, ''),
    ('twilio_subaccounts', 29, ''),
    ('agent_phone_assignments', 29, ''),
    ('agents', 17, '%is_active IS DISTINCT FROM%')
) as expected (tbl, type, condition)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = 'answers_are_kept'
where
    (
        t.tgenabled = 'O'
        and t.tgtype = expected.type
        and t.tgattr = ''
        and (t.tgqual is null) = (expected.condition = '')
        and pg_get_triggerdef(t.oid) like '%' || expected.condition
        || '% EXECUTE FUNCTION private.keep_routes()'
    ) is not true;

-- check: users see the routes of their own organization, and nobody writes one
select
    'number_routes' as subject,
    'rights or policies differ' as detail
where
    not exists (
        select
        from pg_policy as p
        inner join pg_class as c
            on p.polrelid = c.oid
        where
            c.oid = to_regclass('public.number_routes')
            and c.relrowsecurity
            and c.relforcerowsecurity
            and p.polname = 'number_routes_select_own_org'
            and p.polcmd = 'r'
            and p.polroles = array['authenticated'::regrole::oid]
            and pg_get_expr(p.polqual, p.polrelid)
            = '(org_id = ( SELECT private.current_org_id() AS current_org_id))'
    )
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
            and has_any_column_privilege(
                r.oid, to_regclass('public.number_routes'), 'insert, update'
            )
    );

-- check: the functions stand as this change made them, for nobody
select
    expected.name as subject,
    coalesce(
        'fingerprint ' || md5(replace(pg_get_functiondef(p.oid), 'public.', '')),
        'missing'
    ) as detail
from (
    values
    ('private.make_route(uuid, uuid)', '063fb47f1c2296ded2864a73d80b8020'),
    ('private.keep_routes()', '774d9370d003123b155e73598c63ba6f')
) as expected (name, fingerprint)
left join pg_proc as p
    on p.oid = to_regprocedure(expected.name)
where
    md5(replace(pg_get_functiondef(p.oid), 'public.', ''))
    is distinct from expected.fingerprint;
