-- depends: 20260222_provider_operations
--
-- What must be told to the outside stands in the database until it has been told.
--
-- Releasing a number frees it here in one transaction; the provider is told by a worker
-- that reads this table, again and again until it has worked.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses what has not been told yet.

create table public.outbox (
    org_id uuid not null,
    id uuid not null default gen_random_uuid(),
    topic text not null,
    dedupe_key text not null,
    payload jsonb not null,
    attempts integer not null default 0,
    available_at timestamptz not null default now(),
    delivered_at timestamptz,
    dead boolean not null default false,
    created_at timestamptz not null default now(),
    constraint outbox_pkey primary key (org_id, id),
    constraint outbox_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade,
    constraint one_message_for_each_dedupe_key unique (org_id, dedupe_key),
    constraint topic_is_known
    check (topic in ('number_ready', 'release_number', 'provisioning_failed')),
    constraint tries_are_counted check (attempts >= 0),
    constraint dead_is_not_delivered check (not (dead and delivered_at is not null))
);

create index idx_outbox_waiting
on public.outbox (available_at)
where delivered_at is null and not dead;

comment on table public.outbox is
'Messages to the outside, written in the transaction that they tell of.';

comment on column public.outbox.dedupe_key is
'The same event is told once.';

comment on column public.outbox.payload is
'What to tell, without secrets.';

comment on column public.outbox.available_at is
'When it may be tried next; a worker that takes it moves this on, as its lease.';

comment on column public.outbox.delivered_at is
'Null: not told yet.';

comment on column public.outbox.dead is
'True: given up after ten attempts; somebody must look, and lets it begin anew.';

comment on constraint one_message_for_each_dedupe_key on public.outbox is
'Telling twice would release somebody else''s number the second time.';

comment on index public.idx_outbox_waiting is
'What waits is found in the order in which it may be tried.';

create trigger identity_is_fixed
before update on public.outbox
for each row
when (
    (old.org_id, old.id, old.topic, old.dedupe_key, old.payload, old.created_at)
    is distinct from (
        new.org_id, new.id, new.topic, new.dedupe_key, new.payload, new.created_at
    )
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.outbox is
'A message is told as it was written.';

alter table public.outbox enable row level security;
alter table public.outbox force row level security;

create policy outbox_service_role on public.outbox
for all
to service_role, current_user
using (true)
with check (true);

comment on policy outbox_service_role on public.outbox is
'Our own functions write and deliver; the backend revives dead messages.';

grant select, update (dead, attempts, available_at) on table public.outbox
to service_role;
