-- An integration is connected again, its secret sealed under the key of the
-- organization.
--
-- since: 20260216_living_keys
-- weight: 1

begin;

-- One organization, once at a time, and the key that it seals with.
select
    count(*) as found,
    max(one.org_id::text) as org_id,
    max(one.version) as key_version
from (
    select
        k.org_id,
        k.version
    from public.org_data_keys as k
    inner join public.organizations as o
        on k.org_id = o.id
    where k.state = 'active'
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
set local role service_role;

update public.org_credentials as c
set is_active = false
where
    c.org_id = ':org_id'
    and c.provider = 'resend'
    and c.is_active;

insert into public.org_credentials (org_id, provider, encrypted_config)
values (
    ':org_id',
    'resend',
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
