-- An integration is connected again. The upsert is gone with its constraint; the secret
-- is still overwritten in place, so that the constraint can come back.
--
-- since: 20260210_managed_credentials_unification
-- until: 20260216_living_keys
-- weight: 1

begin;

-- One organization, once at a time.
select
    count(*) as found,
    max(one.id::text) as org_id
from (
    select o.id
    from public.organizations as o
    order by random()
    limit 1
    for no key update of o skip locked
) as one \gset

\if :found
set local role service_role;

select count(*) as found
from public.org_credentials as c
where c.org_id = ':org_id' and c.provider = 'resend' \gset

\if :found
update public.org_credentials as c
set
    encrypted_config = left(md5(gen_random_uuid()::text), 24)
        || ':' || md5(gen_random_uuid()::text)
        || ':' || md5(gen_random_uuid()::text),
    is_active = true
where c.org_id = ':org_id' and c.provider = 'resend';
\else
insert into public.org_credentials (org_id, provider, encrypted_config)
values (
    ':org_id',
    'resend',
    left(md5(gen_random_uuid()::text), 24)
    || ':' || md5(gen_random_uuid()::text)
    || ':' || md5(gen_random_uuid()::text)
);
\endif
\endif

commit;
