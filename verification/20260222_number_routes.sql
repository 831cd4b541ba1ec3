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
    expected.tbl || '.' || expected.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    (
        'org_credentials',
        'answers_are_made',
        'AFTER INSERT ON %org_credentials REFERENCING NEW TABLE AS inserted'
        || ' FOR EACH STATEMENT EXECUTE FUNCTION private.make_first_routes()'
    ),
    (
        'org_credentials',
        'answers_are_kept',
        'AFTER UPDATE OF is_active, phone_number, can_inbound, can_outbound,'
        || ' encrypted_config, key_version ON %org_credentials FOR EACH ROW'
        || ' EXECUTE FUNCTION private.keep_route_of_credential()'
    ),
    (
        'twilio_subaccounts',
        'answers_are_kept',
        'AFTER INSERT OR DELETE OR UPDATE OF status ON %twilio_subaccounts FOR EACH ROW'
        || ' EXECUTE FUNCTION private.keep_routes()'
    ),
    (
        'agent_phone_assignments',
        'answers_are_kept',
        'AFTER INSERT OR DELETE OR UPDATE ON %agent_phone_assignments FOR EACH ROW'
        || ' EXECUTE FUNCTION private.keep_routes()'
    ),
    (
        'agents',
        'answers_are_kept',
        'AFTER UPDATE ON %agents FOR EACH ROW'
        || ' WHEN ((old.is_active IS DISTINCT FROM new.is_active))'
        || ' EXECUTE FUNCTION private.keep_routes()'
    )
) as expected (tbl, name, definition)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = expected.name
where
    (
        t.tgenabled = 'O'
        and pg_get_triggerdef(t.oid)
        like format('CREATE TRIGGER %s ', expected.name) || expected.definition
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
    ('private.make_first_routes()', '8f43332f3533c9a99f9f6dd9bd9552ca'),
    ('private.keep_route_of_credential()', 'bd995ff7bd39e84743de46486407c094'),
    ('private.keep_routes()', 'd87f9fb2301cfc1c545ef122d719d46d')
) as expected (name, fingerprint)
left join pg_proc as p
    on p.oid = to_regprocedure(expected.name)
where
    md5(replace(pg_get_functiondef(p.oid), 'public.', ''))
    is distinct from expected.fingerprint;
