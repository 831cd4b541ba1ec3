-- depends: 20260222_provisioning_requests
--
-- What was done at the provider is written down before it is done.
--
-- A worker that is killed between a call and its answer leaves `intended` behind; the
-- next one finds it, calls it `unknown`, and asks the provider before it spends again.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses what was done at the provider.

create table public.provider_operations (
    org_id uuid not null,
    id uuid not null default gen_random_uuid(),
    request_id uuid not null,
    kind text not null,
    subject text,
    state text not null default 'intended',
    provider_ref text,
    detail jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint provider_operations_pkey primary key (org_id, id),
    constraint operation_of_a_request_of_the_org
    foreign key (org_id, request_id)
    references public.provisioning_requests (org_id, id) on delete cascade,
    constraint operation_kind_is_known
    check (kind in ('open_subaccount', 'buy_number', 'import_number')),
    constraint operation_state_is_known
    check (state in ('intended', 'done', 'unknown', 'undone')),
    constraint a_purchase_names_its_number
    check (kind <> 'buy_number' or subject is not null),
    constraint what_it_says_has_an_end check (
        length(subject) <= 200
        and length(provider_ref) <= 200
        and length(detail::text) <= 65536
    )
);

create unique index idx_provider_operations_one_standing_of_a_kind
on public.provider_operations (org_id, request_id, kind)
where state <> 'undone';

create index idx_provider_operations_request
on public.provider_operations (org_id, request_id);

comment on table public.provider_operations is
'One row before each call to the provider that costs money or leaves something behind.';

comment on column public.provider_operations.subject is
'What the call is about, for a purchase the number; null: the organization itself.';

comment on column public.provider_operations.state is
'intended: about to call; done: it answered yes; unknown: no answer was seen; '
'undone: taken back, or it answered no.';

comment on column public.provider_operations.provider_ref is
'The SID or id that the provider gave; null until it is known.';

comment on column public.provider_operations.detail is
'What else the provider said, without secrets; null: nothing.';

comment on constraint operation_of_a_request_of_the_org
on public.provider_operations is
'Carries the organization, so that nobody pays for somebody else.';

comment on constraint a_purchase_names_its_number on public.provider_operations is
'After a crash the provider is asked for this very number.';

comment on constraint what_it_says_has_an_end on public.provider_operations is
'An answer of a provider that goes wrong may be a whole page.';

comment on index public.idx_provider_operations_one_standing_of_a_kind is
'A request buys one number; only when that is undone, another.';

create trigger first_state
before insert on public.provider_operations
for each row execute function private.follow_transition('operation');

comment on trigger first_state on public.provider_operations is
'It is intended before it is done.';

create trigger next_state
before update on public.provider_operations
for each row
when (old.state is distinct from new.state)
execute function private.follow_transition('operation');

comment on trigger next_state on public.provider_operations is
'What is undone stays undone.';

create trigger identity_is_fixed
before update on public.provider_operations
for each row
when (
    (
        old.org_id,
        old.id,
        old.request_id,
        old.kind,
        old.subject,
        old.created_at
    )
    is distinct from (
        new.org_id,
        new.id,
        new.request_id,
        new.kind,
        new.subject,
        new.created_at
    )
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.provider_operations is
'What was intended does not change afterwards.';

create trigger provider_operations_updated_at
before update on public.provider_operations
for each row execute function public.set_updated_at();

comment on trigger provider_operations_updated_at on public.provider_operations is
'Tells how long an operation has been open.';

alter table public.provider_operations enable row level security;
alter table public.provider_operations force row level security;

create policy provider_operations_service_role on public.provider_operations
for all
to service_role, current_user
using (true)
with check (true);

comment on policy provider_operations_service_role on public.provider_operations is
'Our own functions write them down; the backend may look.';

grant select on table public.provider_operations to service_role;
