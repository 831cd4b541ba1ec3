-- The telephony schema as real installations have it on 2026-02-09.
--
-- Organizations hold credentials, one Twilio subaccount and managed phone numbers.
-- The schema is written down with its faults (flags that may be null, no forced
-- row-level security, sealed values that signed-in users can read, few comments), so
-- that a DBA can `trunkline adopt` a live database and every later change is rehearsed
-- from what is really there.
--
-- Locks: none that anyone could notice, all objects are new.
-- Duration: milliseconds.
-- Rollback: drops the tables and every row in them. The three roles stay: they belong
-- to the cluster, and other databases may use them.

-- Cluster-wide, so another database may have made them already: hence `if not exists`.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['anon', 'authenticated', 'service_role'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
            execute format('create role %I nologin noinherit', wanted);
        end if;
    end loop;
end
$$;

create function public.auth_org_id()
returns uuid
language sql
stable
as $$
    select (
        current_setting('request.jwt.claims', true)::jsonb
        -> 'app_metadata' ->> 'org_id'
    )::uuid
$$;

create function public.set_updated_at()
returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    return new;
end
$$;

create table public.organizations (
    id uuid not null default gen_random_uuid(),
    name text not null,
    telephony_mode text default 'byoc',
    vapi_credential_id text,
    created_at timestamptz default now(),
    constraint organizations_pkey primary key (id),
    constraint organizations_telephony_mode_check
    check (telephony_mode in ('byoc', 'managed', 'none'))
);

create index idx_organizations_telephony_mode
on public.organizations (telephony_mode)
where telephony_mode = 'managed';

create table public.user_org_roles (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    org_id uuid not null,
    role text not null,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    constraint user_org_roles_pkey primary key (id),
    constraint user_org_roles_user_id_org_id_key unique (user_id, org_id),
    constraint user_org_roles_role_check check (role in ('admin', 'agent', 'viewer')),
    constraint user_org_roles_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade
);

create index idx_user_org_roles_user_id
on public.user_org_roles (user_id);

create index idx_user_org_roles_org_id
on public.user_org_roles (org_id);

create index idx_user_org_roles_org_role
on public.user_org_roles (org_id, role);

create table public.org_credentials (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    provider text not null,
    encrypted_config text not null,
    is_active boolean default true,
    metadata jsonb,
    last_verified_at timestamptz,
    verification_error text,
    connected_email text,
    connected_calendar_email text,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    constraint org_credentials_pkey primary key (id),
    constraint unique_org_provider unique (org_id, provider),
    constraint org_credentials_provider_check check (
        provider in ('vapi', 'twilio', 'google_calendar', 'resend', 'elevenlabs')
    ),
    constraint org_credentials_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade
);

create index idx_org_credentials_org_id
on public.org_credentials (org_id)
where is_active = true;

create index idx_org_credentials_provider
on public.org_credentials (provider)
where is_active = true;

create index idx_org_credentials_org_provider
on public.org_credentials (org_id, provider)
where is_active = true;

create trigger org_credentials_updated_at
before update on public.org_credentials
for each row execute function public.set_updated_at();

create table public.twilio_subaccounts (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    twilio_account_sid text not null,
    twilio_auth_token_encrypted text not null,
    friendly_name text not null,
    status text not null default 'active',
    monthly_number_cost_cents integer default 150,
    suspended_at timestamptz,
    closed_at timestamptz,
    suspension_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint twilio_subaccounts_pkey primary key (id),
    constraint one_subaccount_per_org unique (org_id),
    constraint twilio_subaccounts_twilio_account_sid_key unique (twilio_account_sid),
    constraint twilio_subaccounts_status_check
    check (status in ('active', 'suspended', 'closed')),
    constraint twilio_subaccounts_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade
);

create table public.managed_phone_numbers (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    subaccount_id uuid not null,
    phone_number text not null,
    twilio_phone_sid text not null,
    country_code text not null default 'US',
    number_type text not null default 'local',
    vapi_phone_id text,
    vapi_credential_id text,
    voice_enabled boolean default true,
    sms_enabled boolean default true,
    status text not null default 'provisioning',
    monthly_cost_cents integer not null default 150,
    provisioned_at timestamptz,
    released_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint managed_phone_numbers_pkey primary key (id),
    constraint managed_phone_numbers_twilio_phone_sid_key unique (twilio_phone_sid),
    constraint unique_phone_per_org unique (org_id, phone_number),
    constraint managed_phone_numbers_number_type_check
    check (number_type in ('local', 'toll_free', 'mobile')),
    constraint managed_phone_numbers_status_check
    check (status in ('provisioning', 'active', 'released', 'failed')),
    constraint managed_phone_numbers_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade,
    constraint managed_phone_numbers_subaccount_id_fkey
    foreign key (subaccount_id)
    references public.twilio_subaccounts (id) on delete cascade
);

create unique index idx_one_active_managed_per_org
on public.managed_phone_numbers (org_id)
where status = 'active';

create index idx_managed_numbers_org
on public.managed_phone_numbers (org_id);

create index idx_managed_numbers_subaccount
on public.managed_phone_numbers (subaccount_id);

create index idx_managed_numbers_phone
on public.managed_phone_numbers (phone_number);

create index idx_managed_numbers_vapi
on public.managed_phone_numbers (vapi_phone_id);

create index idx_managed_numbers_active
on public.managed_phone_numbers (org_id, status)
where status = 'active';

create table public.agents (
    id uuid not null default gen_random_uuid(),
    org_id uuid,
    name text,
    role text default 'inbound',
    is_active boolean,
    vapi_phone_number_id text,
    created_at timestamptz default now(),
    constraint agents_pkey primary key (id),
    constraint agents_org_id_role_key unique (org_id, role),
    constraint agents_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade
);

create table public.feature_flags (
    id uuid not null default gen_random_uuid(),
    flag_key text not null,
    flag_name text not null,
    description text,
    enabled_globally boolean default false,
    rollout_percentage integer default 0,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    constraint feature_flags_pkey primary key (id),
    constraint feature_flags_flag_key_key unique (flag_key),
    constraint feature_flags_rollout_percentage_check
    check (rollout_percentage between 0 and 100)
);

create table public.org_feature_flags (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    flag_key text not null,
    enabled boolean not null,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    constraint org_feature_flags_pkey primary key (id),
    constraint org_feature_flags_org_id_flag_key_key unique (org_id, flag_key),
    constraint org_feature_flags_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade,
    constraint org_feature_flags_flag_key_fkey
    foreign key (flag_key) references public.feature_flags (flag_key)
);

insert into public.feature_flags (
    id,
    flag_key,
    flag_name,
    description,
    enabled_globally,
    rollout_percentage,
    created_at,
    updated_at
)
values (
    '9d0c3a52-6f0e-4c0b-8f52-6a9f3a0f7c11',
    'managed_telephony',
    'Managed telephony',
    'Phone numbers that we buy and run for the customer.',
    true,
    100,
    '2026-02-09 00:00:00+00',
    '2026-02-09 00:00:00+00'
);

grant all on table
public.organizations,
public.user_org_roles,
public.org_credentials,
public.twilio_subaccounts,
public.managed_phone_numbers,
public.agents,
public.feature_flags,
public.org_feature_flags
to anon, authenticated, service_role;

alter table public.organizations enable row level security;
alter table public.user_org_roles enable row level security;
alter table public.org_credentials enable row level security;
alter table public.twilio_subaccounts enable row level security;
alter table public.managed_phone_numbers enable row level security;
alter table public.agents enable row level security;
alter table public.feature_flags enable row level security;
alter table public.org_feature_flags enable row level security;

create policy organizations_select_own
on public.organizations
for select
to authenticated
using (id = public.auth_org_id());

create policy user_org_roles_select_own_org
on public.user_org_roles
for select
to authenticated
using (org_id = public.auth_org_id());

create policy org_credentials_all_own_org
on public.org_credentials
for all
to authenticated
using (org_id = public.auth_org_id())
with check (org_id = public.auth_org_id());

create policy twilio_subaccounts_select_own_org
on public.twilio_subaccounts
for select
to authenticated
using (org_id = public.auth_org_id());

create policy managed_phone_numbers_select_own_org
on public.managed_phone_numbers
for select
to authenticated
using (org_id = public.auth_org_id());

create policy agents_all_own_org
on public.agents
for all
to authenticated
using (org_id = public.auth_org_id())
with check (org_id = public.auth_org_id());

create policy feature_flags_select
on public.feature_flags
for select
to authenticated
using (true);

create policy org_feature_flags_select_own_org
on public.org_feature_flags
for select
to authenticated
using (org_id = public.auth_org_id());

create policy organizations_service_role
on public.organizations
for all
to service_role
using (true)
with check (true);

create policy user_org_roles_service_role
on public.user_org_roles
for all
to service_role
using (true)
with check (true);

create policy org_credentials_service_role
on public.org_credentials
for all
to service_role
using (true)
with check (true);

create policy twilio_subaccounts_service_role
on public.twilio_subaccounts
for all
to service_role
using (true)
with check (true);

create policy managed_phone_numbers_service_role
on public.managed_phone_numbers
for all
to service_role
using (true)
with check (true);

create policy agents_service_role
on public.agents
for all
to service_role
using (true)
with check (true);

create policy feature_flags_service_role
on public.feature_flags
for all
to service_role
using (true)
with check (true);

create policy org_feature_flags_service_role
on public.org_feature_flags
for all
to service_role
using (true)
with check (true);
