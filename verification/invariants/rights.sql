-- since: 20260301_rules_documented
--
-- Whoever gives or takes a right writes it here, with what it is for, and names the
-- change above.

-- check: everybody may do with tables and views what is written here, and nothing else
select
    coalesce(written.role, held.role) || ' on '
    || coalesce(written.relation, held.relation) as subject,
    format(
        'written: %s; held: %s',
        coalesce(written.may, 'nothing'),
        coalesce(held.may, 'nothing')
    ) as detail
from (
    values
    (
        'authenticated',
        'api.agent_phone_options',
        'select',
        'the dropdown of the agent page'
    ),
    ('authenticated', 'api.features', 'select', 'the page asks which features are on'),
    (
        'authenticated',
        'api.managed_number',
        'select',
        'behind api.provisioning_permission'
    ),
    (
        'authenticated',
        'api.provisioning_permission',
        'select',
        'the phone page asks before it offers the button'
    ),
    (
        'authenticated',
        'api.provisioning_status',
        'select',
        'the phone page shows what became of a request'
    ),
    (
        'authenticated',
        'private.asking_for_a_number',
        'select, insert',
        'the door of api.request_managed_number, which reads the answer'
    ),
    (
        'authenticated',
        'private.assigning_a_number',
        'insert',
        'the door of api.assign_phone_number'
    ),
    (
        'authenticated',
        'private.connecting_a_number',
        'select, insert',
        'the door of api.connect_byoc_number, which reads the answer'
    ),
    (
        'authenticated',
        'private.disconnecting_a_number',
        'insert',
        'the door of api.disconnect_byoc_number'
    ),
    (
        'authenticated',
        'private.giving_a_number_back',
        'insert',
        'the door of api.release_managed_number'
    ),
    (
        'authenticated',
        'private.unassigning_a_number',
        'insert',
        'the door of api.unassign_phone_number'
    ),
    (
        'authenticated',
        'public.feature_flags',
        'select (enabled_globally, flag_key, rollout_percentage)',
        'behind api.features'
    ),
    (
        'authenticated',
        'public.number_routes',
        'select (account_status, can_inbound, can_outbound, credential_id, is_managed, '
        'org_id, phone_number)',
        'behind api.agent_phone_options and api.managed_number'
    ),
    (
        'authenticated',
        'public.org_feature_flags',
        'select (enabled, flag_key, org_id)',
        'behind api.features'
    ),
    (
        'authenticated',
        'public.provisioning_requests',
        'select (area_code, country_code, created_at, id, idempotency_key, '
        'number_type, org_id, pinned_number, reason_code, state, updated_at, '
        'user_message)',
        'behind api.provisioning_status'
    ),
    (
        'authenticated',
        'public.telephony_reasons',
        'select (message, reason_code)',
        'the sentence for a reason'
    ),
    (
        'authenticated',
        'public.twilio_subaccounts',
        'select (org_id, status)',
        'behind api.agent_phone_options: is it suspended?'
    ),
    (
        'service_role',
        'public.agent_phone_assignments',
        'select',
        'looks; our functions assign'
    ),
    ('service_role', 'public.agents', 'select, insert, update, delete', 'keeps agents'),
    (
        'service_role',
        'public.feature_flags',
        'select, insert, update, delete',
        'rolls features out'
    ),
    (
        'service_role',
        'public.managed_phone_numbers',
        'select, insert, update, delete',
        'keeps numbers, along their transitions'
    ),
    (
        'service_role',
        'public.number_markets',
        'select, insert, update, delete',
        'keeps markets'
    ),
    ('service_role', 'public.number_routes', 'select', 'looks; our functions write'),
    (
        'service_role',
        'public.org_credentials',
        'select, insert, update, delete',
        'keeps credentials of integrations'
    ),
    ('service_role', 'public.org_data_keys', 'select', 'opens credentials'),
    (
        'service_role',
        'public.org_feature_flags',
        'select, insert, update, delete',
        'opts organizations in and out'
    ),
    (
        'service_role',
        'public.org_limits',
        'select, insert, update, delete',
        'gives an organization other limits'
    ),
    (
        'service_role',
        'public.organizations',
        'select, insert, update, delete',
        'signs up and closes organizations'
    ),
    (
        'service_role',
        'public.outbox',
        'select, update (attempts, available_at, dead)',
        'looks, and gives up or retries by hand'
    ),
    (
        'service_role',
        'public.phone_numbers_held',
        'select',
        'looks; our functions hold'
    ),
    (
        'service_role',
        'public.provider_operations',
        'select',
        'looks; our functions write'
    ),
    (
        'service_role',
        'public.provisioning_requests',
        'select',
        'looks; our functions write'
    ),
    ('service_role', 'public.provisioning_transitions', 'select', 'looks'),
    (
        'service_role',
        'public.telephony_reasons',
        'select, insert, update (hint, message)',
        'words sentences anew; a reason and its code stay'
    ),
    (
        'service_role',
        'public.twilio_subaccounts',
        'select, insert, update, delete',
        'suspends and closes accounts'
    ),
    (
        'service_role',
        'public.user_org_roles',
        'select, insert, update, delete',
        'keeps memberships'
    ),
    ('telephony_auditor', 'audit.events', 'select', 'reads history'),
    ('telephony_auditor', 'audit.heads', 'select', 'sees whether history is whole'),
    (
        'telephony_backfill',
        'public.managed_phone_numbers',
        'select',
        'finds numbers without a credential'
    ),
    (
        'telephony_backfill',
        'public.org_credentials',
        'select, insert, update (account_sid, encrypted_config, phone_number), delete',
        'writes the missing ones, seals anew, takes back what it wrote'
    ),
    (
        'telephony_backfill',
        'public.org_data_keys',
        'select, insert, update (state, wrapped)',
        'makes and retires keys'
    ),
    (
        'telephony_backfill',
        'public.organizations',
        'select (id)',
        'finds organizations without a key'
    ),
    (
        'telephony_backfill',
        'public.twilio_subaccounts',
        'select, update (twilio_auth_token_encrypted)',
        'seals tokens anew'
    )
) as written (role, relation, may, so_that)
full join (
    select
        one.role,
        one.relation,
        string_agg(
            one.may,
            ', '
            order by array_position('{sel,ins,upd,del}', left(one.may, 3)), one.may
        ) as may
    from (
        select
            coalesce(r.rolname, 'public') as role,
            format('%s.%s', n.nspname, c.relname) as relation,
            lower(a.privilege_type) as may
        from pg_class as c
        inner join pg_namespace as n
            on c.relnamespace = n.oid
        cross join lateral aclexplode(c.relacl) as a
        left join pg_roles as r
            on a.grantee = r.oid
        where
            n.nspname in ('public', 'api', 'worker', 'private', 'audit')
            and a.grantee <> c.relowner
        union all
        select
            coalesce(r.rolname, 'public') as role,
            format('%s.%s', n.nspname, c.relname) as relation,
            format(
                '%s (%s)',
                lower(a.privilege_type),
                string_agg(t.attname, ', ' order by t.attname)
            ) as may
        from pg_class as c
        inner join pg_namespace as n
            on c.relnamespace = n.oid
        inner join pg_attribute as t
            on
                c.oid = t.attrelid
                and not t.attisdropped
        cross join lateral aclexplode(t.attacl) as a
        left join pg_roles as r
            on a.grantee = r.oid
        where
            n.nspname in ('public', 'api', 'worker', 'private', 'audit')
            and a.grantee <> c.relowner
        group by r.rolname, n.nspname, c.relname, a.privilege_type
    ) as one
    group by one.role, one.relation
) as held
    on
        written.role = held.role
        and written.relation = held.relation
where written.may is distinct from held.may;

-- check: everybody enters the schemas that are written here, and no other
select
    coalesce(written.role, held.role) as subject,
    format(
        'written: %s; held: %s',
        coalesce(written.schemas, 'none'),
        coalesce(held.schemas, 'none')
    ) as detail
from (
    values
    ('authenticated', 'api'),
    ('service_role', 'public'),
    ('telephony_auditor', 'audit'),
    ('telephony_backfill', 'public'),
    ('telephony_worker', 'worker')
) as written (role, schemas)
full join (
    select
        coalesce(r.rolname, 'public') as role,
        string_agg(n.nspname, ', ' order by n.nspname) as schemas
    from pg_namespace as n
    cross join lateral aclexplode(n.nspacl) as a
    left join pg_roles as r
        on a.grantee = r.oid
    where
        n.nspname in ('public', 'api', 'worker', 'private', 'audit')
        and a.grantee <> n.nspowner
    group by r.rolname
) as held
    on written.role = held.role
where written.schemas is distinct from held.schemas;

-- check: a function is for those whom its schema is for, or for whom is written here
select
    p.oid::regprocedure::text as subject,
    format('for %s, and should be for %s', coalesce(held.roles, 'nobody'), it.is_for)
        as detail
from pg_proc as p
inner join pg_namespace as n
    on p.pronamespace = n.oid
left join (
    values
    ('audit.event_hash(audit.events)', 'telephony_auditor'),
    ('audit.verify_chain(uuid)', 'telephony_auditor'),
    ('private.current_org_id()', 'authenticated'),
    ('private.rollout_bucket(text,uuid)', 'authenticated')
) as written (name, role)
    on p.oid = to_regprocedure(written.name)
left join (
    values
    ('api', 'authenticated'),
    ('worker', 'telephony_worker')
) as served (name, role)
    on n.nspname = served.name
cross join
    lateral (
        select string_agg(distinct coalesce(r.rolname, 'public'), ', ') as roles
        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        left join pg_roles as r
            on a.grantee = r.oid
        where a.grantee <> p.proowner
    ) as held
cross join
    lateral (
        select coalesce(written.role, served.role, 'nobody') as is_for
    ) as it
where
    n.nspname in ('public', 'api', 'worker', 'private', 'audit')
    and coalesce(held.roles, 'nobody') <> it.is_for;
