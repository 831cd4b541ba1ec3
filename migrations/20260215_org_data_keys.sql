-- depends: 20260214_assignable_credentials
--
-- Each organization seals its credentials under keys of its own.
--
-- The database keeps the keys wrapped, and cannot unwrap one.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses the keys, and with them every value that was sealed under them.

create table public.org_data_keys (
    org_id uuid not null,
    version integer not null,
    state text not null,
    wrapped text,
    created_at timestamptz not null default now(),
    constraint org_data_keys_pkey primary key (org_id, version),
    constraint org_data_keys_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade,
    constraint version_counts_from_one check (version between 1 and 999999999),
    constraint key_state_is_known
    check (state in ('active', 'retiring', 'retired', 'destroyed')),
    constraint destroyed_exactly_when_not_wrapped
    check ((state = 'destroyed') = (wrapped is null)),
    constraint wrapped_key_has_the_known_form check (
        wrapped
        ~ '^k1:[a-z0-9_-]{1,63}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]{64}$'
    )
);

create unique index idx_org_data_keys_one_active
on public.org_data_keys (org_id)
where state = 'active';

create index idx_org_data_keys_retiring
on public.org_data_keys (org_id, version)
where state = 'retiring';

comment on table public.org_data_keys is
'The keys under which an organization''s credentials are sealed, wrapped by a key '
'that the database never sees.';

comment on column public.org_data_keys.version is
'Counts from 1; a sealed value names the version it is sealed under.';

comment on column public.org_data_keys.state is
'active: seals and opens; retiring: opens, and values move to the active one; '
'retired: opens, nothing is sealed under it; destroyed: opens nothing ever again.';

comment on column public.org_data_keys.wrapped is
'The key, wrapped; null when it is destroyed.';

comment on constraint destroyed_exactly_when_not_wrapped on public.org_data_keys is
'A destroyed key is gone, not marked as gone.';

comment on constraint wrapped_key_has_the_known_form on public.org_data_keys is
'A key that is not wrapped never gets in: k1, the wrapping key''s id, nonce, content.';

comment on index public.idx_org_data_keys_one_active is
'New values are sealed under one key, not under whichever is found first.';

comment on index public.idx_org_data_keys_retiring is
'What is left of a rotation is found at once, however many keys there are.';

alter table public.org_data_keys enable row level security;
alter table public.org_data_keys force row level security;

create policy org_data_keys_service_role on public.org_data_keys
for all
to service_role, telephony_backfill, current_user
using (true)
with check (true);

comment on policy org_data_keys_service_role on public.org_data_keys is
'The backend and the backfills open credentials; signed-in users never do.';

grant select on table public.org_data_keys to service_role;

grant select, insert, update (state, wrapped) on table public.org_data_keys
to telephony_backfill;
