-- An administrator lets an agent answer a number that nobody answers yet.
--
-- since: 20260225_assign_phone_number
-- weight: 1

begin;

-- Somebody whose organization has a number.
select
    count(*) as found,
    max(one.org_id::text) as org_id,
    max(one.claims) as claims
from (
    select
        m.org_id,
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
            and c.phone_number is not null
    where m.role = 'admin'
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
select
    count(*) as found,
    max(c.id::text) as credential_id,
    max(a.id::text) as agent_id
from public.org_credentials as c
inner join public.agents as a
    on
        c.org_id = a.org_id
        and a.role = 'inbound'
where
    c.org_id = ':org_id'
    and c.is_active
    and c.can_inbound
    and c.phone_number is not null
    and not exists (
        select
        from public.agent_phone_assignments as s
        where
            s.org_id = c.org_id
            and s.credential_id = c.id
            and s.direction = 'inbound'
    ) \gset
\endif

\if :found
set local role authenticated;
set local request.jwt.claims = ':claims';

select api.assign_phone_number(':agent_id', 'inbound', ':credential_id');
\endif

commit;
