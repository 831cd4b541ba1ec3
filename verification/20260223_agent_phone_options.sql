-- check: the dropdown's view has its columns, in order
select
    'api.agent_phone_options' as subject,
    coalesce(string_agg(a.attname, ', ' order by a.attnum), 'missing') as detail
from pg_attribute as a
where a.attrelid = to_regclass('api.agent_phone_options') and a.attnum > 0
having
    array_agg(a.attname::text order by a.attnum) is distinct from array[
        'credential_id',
        'phone_number',
        'source',
        'badge',
        'label',
        'can_inbound',
        'can_outbound',
        'available',
        'unavailable_reason'
    ];

-- check: the dropdown reads as its user, behind a barrier
select
    'api.agent_phone_options' as subject,
    coalesce(array_to_string(c.reloptions, ', '), 'missing or no options') as detail
from (values ('api.agent_phone_options')) as expected (name)
left join pg_class as c
    on c.oid = to_regclass(expected.name)
where
    (c.reloptions @> array['security_invoker=true', 'security_barrier=true'])
    is not true;

-- check: managed and own numbers are told apart, and what is suspended says why
select
    'api.agent_phone_options' as subject,
    'does not contain: ' || expected.part as detail
from (
    values
    ('WHEN is_managed THEN ''managed''::text ELSE ''byoc''::text'),
    ('WHEN is_managed THEN ''(Managed)''::text ELSE ''(Your Twilio)''::text'),
    ('(account_status = ''active''::text) AS available'),
    ('t.reason_code = (''subaccount_''::text || account_status)')
) as expected (part)
where
    coalesce(
        position(
            expected.part
            in regexp_replace(
                -- PostgreSQL 15 writes the only table's alias before its columns too.
                regexp_replace(
                    pg_get_viewdef(to_regclass('api.agent_phone_options')),
                    '\mr\.',
                    '',
                    'g'
                ),
                '\s+',
                ' ',
                'g'
            )
        ),
        0
    ) = 0;

-- check: signed-in users open the dropdown, and nobody else
select
    r.rolname as subject,
    'may read api.agent_phone_options' as detail
from pg_roles as r
where
    r.rolname in ('anon', 'authenticated', 'telephony_worker')
    and has_table_privilege(r.oid, 'api.agent_phone_options', 'select')
    <> (r.rolname = 'authenticated');
