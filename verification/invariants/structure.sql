-- since: 20260301_rules_documented
--
-- Whoever adds or alters a policy, a plain index or a word writes it here, and names the
-- change above. What carries a rule is asked for by the change that brought it.

-- check: row-level security lets everybody to the rows that are written here
select
    coalesce(written.policy, found.policy) as subject,
    format(
        'written: %s: %s; found: %s: %s',
        coalesce(written.roles, 'nobody'),
        written.may,
        coalesce(found.roles, 'nobody'),
        found.may
    ) as detail
from (
    values
    (
        'agent_phone_assignments_service_role on public.agent_phone_assignments',
        'service_role, the owner',
        'everything'
    ),
    ('agents_service_role on public.agents', 'service_role, the owner', 'everything'),
    ('events_auditor on audit.events', 'telephony_auditor', 'read all'),
    ('events_owner on audit.events', 'the owner', 'everything'),
    ('feature_flags_select on public.feature_flags', 'authenticated', 'read all'),
    (
        'feature_flags_service_role on public.feature_flags',
        'service_role, the owner',
        'everything'
    ),
    ('heads_auditor on audit.heads', 'telephony_auditor', 'read all'),
    ('heads_owner on audit.heads', 'the owner', 'everything'),
    (
        'managed_phone_numbers_service_role on public.managed_phone_numbers',
        'service_role, telephony_backfill, the owner',
        'everything'
    ),
    (
        'missing_active_flags_owner on private.missing_active_flags',
        'the owner',
        'everything'
    ),
    (
        'number_markets_service_role on public.number_markets',
        'service_role, the owner',
        'everything'
    ),
    (
        'number_routes_select_own_org on public.number_routes',
        'authenticated',
        'read those of their organization'
    ),
    (
        'number_routes_service_role on public.number_routes',
        'service_role, the owner',
        'everything'
    ),
    (
        'org_credentials_select_own_org on public.org_credentials',
        'authenticated',
        'read those of their organization'
    ),
    (
        'org_credentials_service_role on public.org_credentials',
        'service_role, telephony_backfill, the owner',
        'everything'
    ),
    (
        'org_data_keys_service_role on public.org_data_keys',
        'service_role, telephony_backfill, the owner',
        'everything'
    ),
    (
        'org_feature_flags_select_own_org on public.org_feature_flags',
        'authenticated',
        'read those of their organization'
    ),
    (
        'org_feature_flags_service_role on public.org_feature_flags',
        'service_role, the owner',
        'everything'
    ),
    (
        'org_limits_service_role on public.org_limits',
        'service_role, the owner',
        'everything'
    ),
    (
        'organizations_service_role on public.organizations',
        'service_role, telephony_backfill, the owner',
        'everything'
    ),
    ('outbox_service_role on public.outbox', 'service_role, the owner', 'everything'),
    (
        'phone_numbers_held_service_role on public.phone_numbers_held',
        'service_role, the owner',
        'everything'
    ),
    (
        'provider_operations_service_role on public.provider_operations',
        'service_role, the owner',
        'everything'
    ),
    (
        'provisioning_requests_select_own_org on public.provisioning_requests',
        'authenticated',
        'read those of their organization'
    ),
    (
        'provisioning_requests_service_role on public.provisioning_requests',
        'service_role, the owner',
        'everything'
    ),
    (
        'provisioning_transitions_service_role on public.provisioning_transitions',
        'service_role, the owner',
        'everything'
    ),
    (
        'telephony_reasons_select on public.telephony_reasons',
        'authenticated',
        'read all'
    ),
    (
        'telephony_reasons_service_role on public.telephony_reasons',
        'service_role, the owner',
        'everything'
    ),
    (
        'twilio_subaccounts_select_own_org on public.twilio_subaccounts',
        'authenticated',
        'read those of their organization'
    ),
    (
        'twilio_subaccounts_service_role on public.twilio_subaccounts',
        'service_role, telephony_backfill, the owner',
        'everything'
    ),
    (
        'user_org_roles_service_role on public.user_org_roles',
        'service_role, the owner',
        'everything'
    )
) as written (policy, roles, may)
full join (
    select
        format('%s on %s.%s', p.polname, n.nspname, c.relname) as policy,
        (
            select string_agg(named.name, ', ' order by named.name collate "C")
            from (
                select
                    case
                        when r.oid = c.relowner then 'the owner'
                        else coalesce(r.rolname, 'public')
                    end as name
                from unnest(p.polroles) as listed (role)
                left join pg_roles as r
                    on listed.role = r.oid
            ) as named
        ) as roles,
        case
        (
            p.polpermissive,
            p.polcmd,
            pg_get_expr(p.polqual, c.oid),
            pg_get_expr(p.polwithcheck, c.oid)
        )::text
            when '(t,*,true,true)' then 'everything'
            when '(t,r,true,)' then 'read all'
            when
                '(t,r,"(org_id = ( SELECT private.current_org_id() '
                'AS current_org_id))",)'
                then 'read those of their organization'
            else 'something else'
        end as may
    from pg_policy as p
    inner join pg_class as c
        on p.polrelid = c.oid
    inner join pg_namespace as n
        on c.relnamespace = n.oid
    where n.nspname in ('public', 'api', 'worker', 'private', 'audit')
) as found
    on written.policy = found.policy
where (written.roles, written.may) is distinct from (found.roles, found.may);

-- check: what is looked up is found by an index
select
    coalesce(written.name, found.name) as subject,
    format(
        'written: %s %s; found: %s %s',
        written.relation,
        coalesce(written.columns, 'none'),
        found.relation,
        coalesce(found.columns, 'none')
    ) as detail
from (
    values
    (
        'idx_agent_phone_assignments_credential',
        'public.agent_phone_assignments',
        '(org_id, credential_id, credential_is_active, can_inbound, can_outbound)'
    ),
    (
        'idx_agent_phone_assignments_outbound',
        'public.agent_phone_assignments',
        '(agent_id) WHERE (direction = ''outbound''::text)'
    ),
    (
        'idx_managed_numbers_active',
        'public.managed_phone_numbers',
        '(org_id, status) WHERE (status = ''active''::text)'
    ),
    ('idx_managed_numbers_org', 'public.managed_phone_numbers', '(org_id)'),
    ('idx_managed_numbers_phone', 'public.managed_phone_numbers', '(phone_number)'),
    (
        'idx_managed_numbers_subaccount',
        'public.managed_phone_numbers',
        '(subaccount_id)'
    ),
    ('idx_managed_numbers_vapi', 'public.managed_phone_numbers', '(vapi_phone_id)'),
    (
        'idx_managed_phone_numbers_org_subaccount',
        'public.managed_phone_numbers',
        '(org_id, subaccount_id)'
    ),
    ('idx_org_credentials_any_of_org', 'public.org_credentials', '(org_id, provider)'),
    (
        'idx_org_credentials_key_version_sealed',
        'public.org_credentials',
        '(org_id, key_version) WHERE (key_version IS NOT NULL)'
    ),
    (
        'idx_org_credentials_managed',
        'public.org_credentials',
        '(org_id, provider, is_managed) WHERE (is_active = true)'
    ),
    (
        'idx_org_credentials_org_id',
        'public.org_credentials',
        '(org_id) WHERE (is_active = true)'
    ),
    (
        'idx_org_credentials_org_provider',
        'public.org_credentials',
        '(org_id, provider) WHERE (is_active = true)'
    ),
    (
        'idx_org_credentials_provider',
        'public.org_credentials',
        '(provider) WHERE (is_active = true)'
    ),
    (
        'idx_org_data_keys_retiring',
        'public.org_data_keys',
        '(org_id, version) WHERE (state = ''retiring''::text)'
    ),
    ('idx_org_feature_flags_flag_key', 'public.org_feature_flags', '(flag_key)'),
    (
        'idx_organizations_telephony_mode',
        'public.organizations',
        '(telephony_mode) WHERE (telephony_mode = ''managed''::text)'
    ),
    (
        'idx_outbox_waiting',
        'public.outbox',
        '(available_at) WHERE ((delivered_at IS NULL) AND (NOT dead))'
    ),
    ('idx_phone_numbers_held_org', 'public.phone_numbers_held', '(org_id)'),
    (
        'idx_provider_operations_request',
        'public.provider_operations',
        '(org_id, request_id)'
    ),
    (
        'idx_provisioning_requests_queued',
        'public.provisioning_requests',
        '(created_at) WHERE (state = ''queued''::text)'
    ),
    (
        'idx_provisioning_requests_reason',
        'public.provisioning_requests',
        '(reason_code)'
    ),
    (
        'idx_provisioning_requests_running',
        'public.provisioning_requests',
        '(lease_until) WHERE (state = ''running''::text)'
    ),
    (
        'idx_twilio_subaccounts_key_version_sealed',
        'public.twilio_subaccounts',
        '(org_id, key_version) WHERE (key_version IS NOT NULL)'
    ),
    ('idx_user_org_roles_org_id', 'public.user_org_roles', '(org_id)'),
    ('idx_user_org_roles_org_role', 'public.user_org_roles', '(org_id, role)'),
    ('idx_user_org_roles_user_id', 'public.user_org_roles', '(user_id)')
) as written (name, relation, columns)
full join (
    select
        x.relname::text as name,
        format('%s.%s', n.nspname, c.relname) as relation,
        regexp_replace(
            pg_get_indexdef(x.oid), '^.* USING btree ', ''
        ) as columns
    from pg_index as i
    inner join pg_class as x
        on i.indexrelid = x.oid
    inner join pg_class as c
        on i.indrelid = c.oid
    inner join pg_namespace as n
        on c.relnamespace = n.oid
    where
        n.nspname in ('public', 'private', 'audit')
        and not i.indisunique
) as found
    on written.name = found.name
where
    (written.relation, written.columns)
    is distinct from (found.relation, found.columns);

-- check: a word is one of those that are known
select
    format('%s.%s', written.relation, written.name) as subject,
    'no constraint says: ' || written.words as detail
from (
    values
    ('audit.events', 'action', 'insert, update, delete'),
    ('public.managed_phone_numbers', 'number_type', 'local, toll_free, mobile'),
    (
        'public.managed_phone_numbers',
        'status',
        'provisioning, active, released, failed'
    ),
    ('public.number_markets', 'number_type', 'local, toll_free, mobile'),
    (
        'public.org_credentials',
        'provider',
        'vapi, twilio, google_calendar, resend, elevenlabs'
    ),
    ('public.org_data_keys', 'state', 'active, retiring, retired, destroyed'),
    ('public.organizations', 'telephony_mode', 'byoc, managed, none'),
    ('public.outbox', 'topic', 'number_ready, release_number, provisioning_failed'),
    ('public.phone_numbers_held', 'kind', 'managed, byoc'),
    (
        'public.provider_operations',
        'kind',
        'open_subaccount, buy_number, import_number'
    ),
    ('public.provider_operations', 'state', 'intended, done, unknown, undone'),
    ('public.provisioning_requests', 'state', 'queued, running, completed, failed'),
    (
        'public.provisioning_transitions',
        'machine',
        'number, request, operation, subaccount'
    ),
    ('public.twilio_subaccounts', 'status', 'active, suspended, closed'),
    ('public.user_org_roles', 'role', 'admin, agent, viewer')
) as written (relation, name, words)
left join pg_constraint as k
    on
        to_regclass(written.relation) = k.conrelid
        and k.contype = 'c'
        and pg_get_constraintdef(k.oid) = format(
            'CHECK ((%s = ANY (ARRAY[%s])))',
            written.name,
            (
                select string_agg(quote_literal(w.word) || '::text', ', ')
                from string_to_table(written.words, ', ') as w (word)
            )
        )
where k.oid is null;

-- check: an index that finds some rows only says what for
select
    x.oid::regclass::text as subject,
    'no comment' as detail
from pg_index as i
inner join pg_class as x
    on i.indexrelid = x.oid
where
    x.relnamespace = any('{public,private,audit}'::regnamespace[])
    and i.indpred is not null
    and obj_description(x.oid, 'pg_class') is null
    and x.relname not in (
        -- Of the baseline, as real installations have them.
        'idx_managed_numbers_active',
        'idx_org_credentials_org_id',
        'idx_org_credentials_org_provider',
        'idx_org_credentials_provider',
        'idx_organizations_telephony_mode',
        -- For a foreign key that may be null.
        'idx_org_credentials_key_version_sealed',
        'idx_twilio_subaccounts_key_version_sealed'
    );

-- check: what an organization has goes with it
select
    format('%s.%s', n.nspname, c.relname) as subject,
    'no foreign key to organizations that deletes' as detail
from pg_class as c
inner join pg_namespace as n
    on c.relnamespace = n.oid
inner join pg_attribute as a
    on
        c.oid = a.attrelid
        and a.attname = 'org_id'
        and not a.attisdropped
left join (
    values
    ('public.phone_numbers_held', 'a quarantine outlives the organization'),
    ('public.agent_phone_assignments', 'goes with its agent'),
    ('public.number_routes', 'goes with its credential'),
    ('public.provider_operations', 'goes with its request'),
    ('private.missing_active_flags', 'says what was before'),
    ('audit.events', 'history stays'),
    ('audit.heads', 'history stays')
) as stays (relation, because)
    on stays.relation = format('%s.%s', n.nspname, c.relname)
where
    n.nspname in ('public', 'private', 'audit')
    and c.relkind in ('r', 'p')
    and stays.relation is null
    and not exists (
        select
        from pg_constraint as k
        where
            k.conrelid = c.oid
            and k.contype = 'f'
            and k.conkey = array[a.attnum]
            and k.confrelid = 'public.organizations'::regclass
            and k.confdeltype = 'c'
    );

-- check: the time of an update is written, and nobody writes it by hand
select
    'public.set_updated_at()' as subject,
    coalesce(
        'fingerprint ' || md5(replace(pg_get_functiondef(p.oid), 'public.', '')),
        'missing'
    ) as detail
from (values ('ab748dd54c46244b8bd701251d0467c5')) as expected (fingerprint)
left join pg_proc as p
    on p.oid = to_regprocedure('public.set_updated_at()')
where
    md5(replace(pg_get_functiondef(p.oid), 'public.', ''))
    is distinct from expected.fingerprint
    or exists (
        select
        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as held
        where held.grantee <> p.proowner
    );
