-- An administrator connects a number of the organization's own Twilio account.
--
-- since: 20260225_connect_byoc_number
-- weight: 1

begin;

-- Somebody whose organization may have more, and the key that the page seals with.
select
    count(*) as found,
    max(one.version) as key_version,
    max(one.claims) as claims
from (
    select
        k.version,
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
            where l.org_id = o.id and l.max_byoc_numbers = 0
        )
        and (
            select count(*)
            from public.org_credentials as c
            where
                c.org_id = o.id
                and c.is_active
                and not c.is_managed
                and c.phone_number is not null
        ) < 15
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
set local role authenticated;
set local request.jwt.claims = ':claims';

select api.connect_byoc_number(
    '+1408' || (2000000 + floor(random() * 7999999)::integer),
    'AC' || md5(gen_random_uuid()::text),
    concat_ws(
        ':',
        'v2',
        :key_version,
        encode(decode(left(md5(gen_random_uuid()::text), 24), 'hex'), 'base64'),
        encode(decode(md5(gen_random_uuid()::text), 'hex'), 'base64')
    )
);
\endif

commit;
