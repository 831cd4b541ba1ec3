-- check: the status has its columns, in order
select
    'api.provisioning_status' as subject,
    coalesce(string_agg(a.attname, ', ' order by a.attnum), 'missing') as detail
from pg_attribute as a
where a.attrelid = to_regclass('api.provisioning_status') and a.attnum > 0
having
    array_agg(a.attname::text order by a.attnum) is distinct from array[
        'request_id',
        'idempotency_key',
        'country',
        'number_type',
        'area_code',
        'state',
        'phone_number',
        'reason_code',
        'reason',
        'created_at',
        'updated_at'
    ];

-- check: the status reads as its user, behind a barrier
select
    'api.provisioning_status' as subject,
    coalesce(array_to_string(c.reloptions, ', '), 'missing or no options') as detail
from (values ('api.provisioning_status')) as expected (name)
left join pg_class as c
    on c.oid = to_regclass(expected.name)
where
    (c.reloptions @> array['security_invoker=true', 'security_barrier=true'])
    is not true;

-- check: signed-in users see the status, and nobody else
select
    r.rolname as subject,
    'may read api.provisioning_status' as detail
from pg_roles as r
where
    r.rolname in ('anon', 'authenticated', 'telephony_worker')
    and has_table_privilege(r.oid, 'api.provisioning_status', 'select')
    <> (r.rolname = 'authenticated');

-- check: a request's hash, requester, lease and attempts are not for its users
select
    'provisioning_requests.' || col.name as subject,
    'authenticated may read it' as detail
from unnest('{parameters_hash,requested_by,lease_until,attempt}'::text[]) as col (name)
where
    has_column_privilege(
        'authenticated', 'public.provisioning_requests', col.name, 'select'
    );
