-- check: a call reaches one organization, and a route goes with its credential
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    (
        'number_routes_pkey',
        'PRIMARY KEY (org_id, credential_id) INCLUDE (phone_number, is_managed,'
        || ' can_inbound, can_outbound, account_status)'
    ),
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
    (
        'org_credentials',
        'AFTER INSERT OR UPDATE OF is_active, phone_number, can_inbound, can_outbound,'
        || ' encrypted_config, key_version ON %org_credentials FOR EACH ROW'
        || ' EXECUTE FUNCTION private.keep_route_of_credential()'
    ),
    (
        'twilio_subaccounts',
        'AFTER INSERT OR DELETE OR UPDATE OF status ON %twilio_subaccounts FOR EACH ROW'
        || ' EXECUTE FUNCTION private.keep_routes()'
    ),
    (
        'agent_phone_assignments',
        'AFTER INSERT OR DELETE OR UPDATE ON %agent_phone_assignments FOR EACH ROW'
        || ' EXECUTE FUNCTION private.keep_routes()'
    ),
    (
        'agents',
        'AFTER UPDATE ON %agents FOR EACH ROW'
        || ' WHEN ((old.is_active IS DISTINCT FROM new.is_active))'
        || ' EXECUTE FUNCTION private.keep_routes()'
    )
) as expected (tbl, definition)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = 'answers_are_kept'
where
    (
        t.tgenabled = 'O'
        and pg_get_triggerdef(t.oid)
        like 'CREATE TRIGGER answers_are_kept ' || expected.definition
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
    ('private.make_route(uuid, uuid, boolean)', '83eec449682f8f33d01237e9dd786eb9'),
    ('private.keep_route_of_credential()', '86fa8bf2e67bb762f0a897bb7b710894'),
    ('private.keep_routes()', '0bde7fc0a0357e15c03bbdff96ede05b')
) as expected (name, fingerprint)
left join pg_proc as p
    on p.oid = to_regprocedure(expected.name)
where
    md5(replace(pg_get_functiondef(p.oid), 'public.', ''))
    is distinct from expected.fingerprint;
