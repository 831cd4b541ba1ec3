-- Organizations in use: each with its administrator, data key, subaccount, active managed
-- number with its credential, a number of its own, and two agents that answer and call.
-- Everything is computed from the number n of the organization. Triggers are off
-- meanwhile, so what they would have written is written here.

insert into public.organizations (id, name, telephony_mode, created_at)
select
    md5('organization ' || n)::uuid,
    'Organization ' || n,
    'managed',
    '2026-01-01 00:00:00+00'
from generate_series(1, :organizations) as n;

insert into public.user_org_roles (id, user_id, org_id, role)
select
    md5('role ' || n)::uuid,
    md5('user ' || n)::uuid,
    md5('organization ' || n)::uuid,
    'admin'
from generate_series(1, :organizations) as n;

insert into public.org_data_keys (org_id, version, state, wrapped)
select
    md5('organization ' || n)::uuid,
    1,
    'active',
    'k1:bench:' || left(md5('wrapped ' || n), 16) || ':'
    || md5('key ' || n) || md5('tag ' || n)
from generate_series(1, :organizations) as n;

insert into public.twilio_subaccounts (
    id, org_id, twilio_account_sid, twilio_auth_token_encrypted, friendly_name, key_version
)
select
    md5('subaccount ' || n)::uuid,
    md5('organization ' || n)::uuid,
    'AC' || md5('subaccount ' || n),
    'v2:1:' || left(md5('token ' || n), 16) || ':' || md5('token of ' || n),
    'Organization ' || n,
    1
from generate_series(1, :organizations) as n;

insert into public.managed_phone_numbers (
    id, org_id, subaccount_id, phone_number, twilio_phone_sid, status, provisioned_at
)
select
    md5('number ' || n)::uuid,
    md5('organization ' || n)::uuid,
    md5('subaccount ' || n)::uuid,
    '+1' || 3000000000 + n,
    'PN' || md5('number ' || n),
    'active',
    '2026-01-01 00:00:00+00'
from generate_series(1, :organizations) as n;

insert into public.org_credentials (
    id,
    org_id,
    provider,
    encrypted_config,
    is_managed,
    phone_number,
    account_sid,
    key_version
)
select
    md5(c.kind || ' credential ' || n)::uuid,
    md5('organization ' || n)::uuid,
    'twilio',
    'v2:1:' || left(md5(c.kind || n), 16) || ':' || md5(c.kind || ' of ' || n)
    || md5(c.kind || ' more ' || n) || md5(c.kind || ' and more ' || n),
    c.kind = 'managed',
    '+1' || c.first + n,
    case when c.kind = 'byoc' then 'AC' || md5('account ' || n) end,
    1
from generate_series(1, :organizations) as n
cross join (
    values
    ('managed', 3000000000),
    ('byoc', 6000000000)
) as c (kind, first);

insert into public.phone_numbers_held (phone_number, org_id, kind)
select
    '+1' || c.first + n,
    md5('organization ' || n)::uuid,
    c.kind
from generate_series(1, :organizations) as n
cross join (
    values
    ('managed', 3000000000),
    ('byoc', 6000000000)
) as c (kind, first);

insert into public.agents (id, org_id, name, role, is_active)
select
    md5(a.role || ' agent ' || n)::uuid,
    md5('organization ' || n)::uuid,
    'Reception',
    a.role,
    true
from generate_series(1, :organizations) as n
cross join (values ('inbound'), ('outbound')) as a (role);

insert into public.agent_phone_assignments (
    org_id, agent_id, direction, credential_id, can_inbound, can_outbound
)
select
    md5('organization ' || n)::uuid,
    md5(a.role || ' agent ' || n)::uuid,
    a.role,
    md5(a.kind || ' credential ' || n)::uuid,
    true,
    true
from generate_series(1, :organizations) as n
cross join (
    values
    ('inbound', 'managed'),
    ('outbound', 'byoc')
) as a (role, kind);

insert into public.number_routes (
    org_id,
    credential_id,
    phone_number,
    is_managed,
    can_inbound,
    can_outbound,
    account_status,
    inbound_agent_id,
    key_version
)
select
    md5('organization ' || n)::uuid,
    md5(c.kind || ' credential ' || n)::uuid,
    '+1' || c.first + n,
    c.kind = 'managed',
    true,
    true,
    'active',
    case when c.kind = 'managed' then md5('inbound agent ' || n)::uuid end,
    1
from generate_series(1, :organizations) as n
cross join (
    values
    ('managed', 3000000000),
    ('byoc', 6000000000)
) as c (kind, first);
