-- An administrator opens the dropdown and disconnects a number of the organization's
-- own.
--
-- since: 20260225_connect_byoc_number
-- weight: 1

begin;

-- Somebody whose organization has a number of its own.
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
    inner join public.org_credentials as c
        on
            o.id = c.org_id
            and c.is_active
            and not c.is_managed
            and c.phone_number is not null
    where m.role = 'admin'
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
set local role authenticated;
set local request.jwt.claims = ':claims';

select
    count(*) as found,
    max(p.credential_id::text) as credential_id
from api.agent_phone_options as p
where p.source = 'byoc' \gset
\endif

\if :found
select api.disconnect_byoc_number(':credential_id');
\endif

commit;
