-- The dual write: a managed number and its credential, in one transaction.
--
-- since: 20260210_managed_credentials_unification
-- until: 20260214_credential_number
-- weight: 1

begin;

-- An organization that has an account and no number.
select
    count(*) as found,
    max(one.id::text) as org_id
from (
    select o.id
    from public.organizations as o
    inner join public.twilio_subaccounts as s
        on o.id = s.org_id
    where
        s.status = 'active'
        and not exists (
            select
            from public.managed_phone_numbers as n
            where n.org_id = o.id and n.status in ('provisioning', 'active')
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
set local role service_role;

select
    count(*) as found,
    max(s.id::text) as subaccount_id
from public.twilio_subaccounts as s
where
    s.org_id = ':org_id'
    and not exists (
        select
        from public.managed_phone_numbers as n
        where n.org_id = s.org_id and n.status in ('provisioning', 'active')
    ) \gset
\endif

\if :found
insert into public.managed_phone_numbers (
    org_id, subaccount_id, phone_number, twilio_phone_sid, vapi_phone_id
)
values (
    ':org_id',
    ':subaccount_id',
    '+1626' || (2000000 + floor(random() * 7999999)::integer),
    'PN' || md5(gen_random_uuid()::text),
    gen_random_uuid()::text
)
returning id as number_id \gset

update public.managed_phone_numbers
set
    status = 'active',
    provisioned_at = now()
where id = ':number_id';

insert into public.org_credentials (
    org_id, provider, encrypted_config, is_managed
)
values (
    ':org_id',
    'twilio',
    left(md5(gen_random_uuid()::text), 24)
    || ':' || md5(gen_random_uuid()::text)
    || ':' || md5(gen_random_uuid()::text),
    true
);
\endif

commit;
