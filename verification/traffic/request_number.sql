-- An administrator opens the phone page and asks for a managed number, where the page
-- offers it. Asking twice with one key is asking once.
--
-- since: 20260225_request_managed_number
-- weight: 1

begin;

-- Somebody whose organization has no number and may ask for some.
select
    count(*) as found,
    max(one.claims) as claims
from (
    select
        jsonb_build_object(
            'sub', m.user_id, 'app_metadata', jsonb_build_object('org_id', m.org_id)
        )::text as claims
    from public.user_org_roles as m
    inner join public.organizations as o
        on m.org_id = o.id
    inner join public.org_data_keys as k
        on
            o.id = k.org_id
            and k.state = 'active'
    where
        m.role = 'admin'
        and not exists (
            select
            from public.org_limits as l
            where l.org_id = o.id and l.max_requests_per_day = 0
        )
        and not exists (
            select
            from public.org_credentials as c
            where c.org_id = o.id and c.is_managed and c.is_active
        )
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
select gen_random_uuid() as idempotency_key \gset

set local role authenticated;
set local request.jwt.claims = ':claims';

select can_provision::integer as found
from api.validate_can_provision() \gset
\endif

\if :found
select
    q.request_id,
    q.state
from api.request_managed_number(':idempotency_key', 'US', 'local', '415') as q;

select
    q.request_id,
    q.state
from api.request_managed_number(':idempotency_key', 'US', 'local', '415') as q;
\endif

commit;
