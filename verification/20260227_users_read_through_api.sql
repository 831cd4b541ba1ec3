-- check: signed-in users cannot name a table
select
    r.rolname as subject,
    'may enter the schema public' as detail
from pg_roles as r
where
    r.rolname in ('anon', 'authenticated', 'telephony_worker', 'telephony_auditor')
    and has_schema_privilege(r.oid, 'public', 'usage');

-- check: signed-in users change no table, and read single columns of a few
select
    c.relname || '.' || a.attname as subject,
    r.rolname || ' may ' || p.privilege as detail
from pg_class as c
inner join pg_attribute as a
    on
        c.oid = a.attrelid
        and a.attnum > 0
        and not a.attisdropped
cross join pg_roles as r
cross join (values ('select'), ('insert'), ('update'), ('references')) as p (privilege)
where
    c.relnamespace = 'public'::regnamespace
    and c.relkind = 'r'
    and r.rolname in ('anon', 'authenticated')
    and has_column_privilege(r.oid, c.oid, a.attname, p.privilege)
    and (r.rolname, p.privilege, c.relname, a.attname) not in (
        select
            'authenticated'::name,
            'select',
            granted.tbl::name,
            col.name::name
        from (
            values
            (
                'number_routes',
                '{org_id,credential_id,phone_number,is_managed,can_inbound,
                can_outbound,account_status}'::text[]
            ),
            ('twilio_subaccounts', '{org_id,status}'),
            ('feature_flags', '{flag_key,enabled_globally,rollout_percentage}'),
            ('org_feature_flags', '{org_id,flag_key,enabled}'),
            ('telephony_reasons', '{reason_code,message}'),
            (
                'provisioning_requests',
                '{org_id,id,idempotency_key,country_code,number_type,area_code,state,
                pinned_number,reason_code,user_message,created_at,updated_at}'
            )
        ) as granted (tbl, columns)
        cross join lateral unnest(granted.columns) as col (name)
    );

-- check: nobody empties a table
select
    c.relname as subject,
    r.rolname || ' may truncate' as detail
from pg_class as c
cross join pg_roles as r
where
    c.relnamespace = 'public'::regnamespace
    and c.relkind = 'r'
    and r.rolname in (
        'anon', 'authenticated', 'service_role', 'telephony_worker'
    )
    and has_table_privilege(r.oid, c.oid, 'truncate, delete, trigger')
    and not (
        r.rolname = 'service_role'
        and not has_table_privilege(r.oid, c.oid, 'truncate, trigger')
    );

-- check: users only read, under row-level security
select
    p.polrelid::regclass::text as subject,
    p.polname || ' is for more than reading' as detail
from pg_policy as p
where p.polroles @> array['authenticated'::regrole::oid] and p.polcmd <> 'r';

-- check: users see the credentials of their own organization
select
    'org_credentials' as subject,
    'no policy that asks private.current_org_id() once' as detail
where
    not exists (
        select
        from pg_policy as p
        where
            p.polrelid = to_regclass('public.org_credentials')
            and p.polname = 'org_credentials_select_own_org'
            and p.polcmd = 'r'
            and p.polroles = array['authenticated'::regrole::oid]
            and pg_get_expr(p.polqual, p.polrelid)
            = '(org_id = ( SELECT private.current_org_id() AS current_org_id))'
    );

-- check: the backend keeps its rights on the tables of the baseline
select
    expected.name as subject,
    'service_role may not read and write' as detail
from (
    values
    ('organizations'),
    ('user_org_roles'),
    ('org_credentials'),
    ('twilio_subaccounts'),
    ('managed_phone_numbers'),
    ('agents'),
    ('feature_flags'),
    ('org_feature_flags')
) as expected (name)
cross join (values ('select'), ('insert'), ('update'), ('delete')) as p (privilege)
where
    not has_schema_privilege('service_role', 'public', 'usage')
    or not has_table_privilege(
        'service_role', 'public.' || expected.name, p.privilege
    );

-- check: a trigger function is for triggers alone
select
    p.oid::regprocedure::text as subject,
    'public may execute it' as detail
from pg_proc as p
where
    p.oid = to_regprocedure('public.set_updated_at()')
    and has_function_privilege('anon', p.oid, 'execute');
