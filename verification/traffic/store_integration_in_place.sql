-- An integration is connected again; until credentials could live side by side, its
-- secret was overwritten in place.
--
-- since: 20260209_telephony_baseline
-- until: 20260210_managed_credentials_unification
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

insert into public.org_credentials as c (org_id, provider, encrypted_config)
values (
    ':org_id',
    'resend',
    left(md5(gen_random_uuid()::text), 24)
    || ':' || md5(gen_random_uuid()::text)
    || ':' || md5(gen_random_uuid()::text)
)
on conflict (org_id, provider) do update
set
    encrypted_config = excluded.encrypted_config,
    is_active = true;
\endif

commit;
