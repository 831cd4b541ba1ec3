-- depends: 20260221_assignments_from_agents
--
-- A request for a managed number is a row, taken before any money is spent.
--
-- Two callers both passed a check and both bought a number. Now the claim is a row under
-- a unique index: one live request for each organization. A key of the caller's makes
-- asking again harmless, and a lease tells which worker is at it.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses the requests.

create table public.provisioning_requests (
    org_id uuid not null,
    id uuid not null default gen_random_uuid(),
    idempotency_key text not null,
    parameters_hash bytea not null,
    requested_by uuid,
    country_code text not null,
    number_type text not null,
    area_code text,
    state text not null default 'queued',
    pinned_number public.e164,
    attempt integer not null default 0,
    lease_until timestamptz,
    reason_code text,
    user_message text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint provisioning_requests_pkey primary key (org_id, id),
    constraint provisioning_requests_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade,
    constraint provisioning_requests_reason_code_fkey
    foreign key (reason_code) references public.telephony_reasons (reason_code),
    constraint one_request_for_each_idempotency_key unique (org_id, idempotency_key),
    constraint idempotency_key_is_short
    check (length(idempotency_key) between 1 and 200),
    constraint parameters_hash_is_sha256 check (octet_length(parameters_hash) = 32),
    constraint area_code_is_digits check (area_code ~ '^[0-9]{2,5}$'),
    constraint request_state_is_known
    check (state in ('queued', 'running', 'completed', 'failed')),
    constraint leased_exactly_when_running
    check ((state = 'running') = (lease_until is not null)),
    constraint failed_exactly_when_reason check (
        (state = 'failed') = (reason_code is not null)
        and (state = 'failed') = (user_message is not null)
    ),
    constraint completed_has_a_number
    check (state <> 'completed' or pinned_number is not null),
    constraint attempts_are_counted check (attempt >= 0)
);

create unique index idx_provisioning_requests_one_live_per_org
on public.provisioning_requests (org_id)
where state in ('queued', 'running');

create index idx_provisioning_requests_queued
on public.provisioning_requests (created_at)
where state = 'queued';

create index idx_provisioning_requests_running
on public.provisioning_requests (lease_until)
where state = 'running';

create index idx_provisioning_requests_reason
on public.provisioning_requests (reason_code);

comment on table public.provisioning_requests is
'What organizations asked for: one row for each managed number wanted.';

comment on column public.provisioning_requests.idempotency_key is
'Chosen by the caller; asking again with it gives the same answer.';

comment on column public.provisioning_requests.parameters_hash is
'SHA-256 of what was asked for, so that a key is not used for something else.';

comment on column public.provisioning_requests.requested_by is
'The user who asked; null: nobody who signed in.';

comment on column public.provisioning_requests.area_code is
'Null: any will do.';

comment on column public.provisioning_requests.pinned_number is
'The number that is being bought; a later attempt buys the same one. '
'Null: none chosen yet.';

comment on column public.provisioning_requests.attempt is
'How often a worker has taken it; a worker with an older count has lost it.';

comment on column public.provisioning_requests.lease_until is
'Until then the worker has it for itself; null: no worker has it.';

comment on column public.provisioning_requests.user_message is
'What the user was told when it failed; null: it has not failed.';

comment on constraint one_request_for_each_idempotency_key
on public.provisioning_requests is
'Asking twice is asking once.';

comment on constraint leased_exactly_when_running on public.provisioning_requests is
'A request that runs without a lease would never be taken over.';

comment on constraint failed_exactly_when_reason on public.provisioning_requests is
'Nobody is left without a sentence.';

comment on constraint completed_has_a_number on public.provisioning_requests is
'What was bought is known.';

comment on index public.idx_provisioning_requests_one_live_per_org is
'The claim: one live request for each organization, taken before any money is spent.';

comment on index public.idx_provisioning_requests_queued is
'Workers take the oldest first.';

comment on index public.idx_provisioning_requests_running is
'Leases that have run out are found by this.';

create trigger first_state
before insert on public.provisioning_requests
for each row execute function private.follow_transition('request');

comment on trigger first_state on public.provisioning_requests is
'A request is queued before it is anything else.';

create trigger next_state
before update on public.provisioning_requests
for each row
when (old.state is distinct from new.state)
execute function private.follow_transition('request');

comment on trigger next_state on public.provisioning_requests is
'A completed or failed request stays so.';

create function private.let_go_of_the_pinned_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if not exists (
        select
        from public.managed_phone_numbers as n
        where
            n.org_id = old.org_id
            and n.phone_number = old.pinned_number
            and n.status in ('provisioning', 'active')
    ) then
        perform private.give_number_back(
            old.pinned_number, old.org_id, private.quarantine_period()
        );
    end if;

    return null;
end
$$;

comment on function private.let_go_of_the_pinned_number() is
'Lets the number rest that a request was buying, unless it lives: it may have been '
'bought.';

create trigger a_pinned_number_rests
after delete on public.provisioning_requests
for each row
when (old.pinned_number is not null and old.state in ('queued', 'running'))
execute function private.let_go_of_the_pinned_number();

comment on trigger a_pinned_number_rests on public.provisioning_requests is
'A request goes with its organization, and then nobody is left to let go.';

create trigger identity_is_fixed
before update on public.provisioning_requests
for each row
when (
    (
        old.org_id,
        old.id,
        old.idempotency_key,
        old.parameters_hash,
        old.requested_by,
        old.country_code,
        old.number_type,
        old.area_code,
        old.created_at
    )
    is distinct from (
        new.org_id,
        new.id,
        new.idempotency_key,
        new.parameters_hash,
        new.requested_by,
        new.country_code,
        new.number_type,
        new.area_code,
        new.created_at
    )
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.provisioning_requests is
'What was asked for does not change while somebody works on it.';

create trigger provisioning_requests_updated_at
before update on public.provisioning_requests
for each row execute function public.set_updated_at();

comment on trigger provisioning_requests_updated_at on public.provisioning_requests is
'Users see when something last happened.';

alter table public.provisioning_requests enable row level security;
alter table public.provisioning_requests force row level security;

create policy provisioning_requests_select_own_org on public.provisioning_requests
for select
to authenticated
using (org_id = (select private.current_org_id()));

comment on policy provisioning_requests_select_own_org
on public.provisioning_requests is
'Users follow the requests of their own organization, through api.';

create policy provisioning_requests_service_role on public.provisioning_requests
for all
to service_role, current_user
using (true)
with check (true);

comment on policy provisioning_requests_service_role on public.provisioning_requests is
'Our own functions take and finish requests; the backend may look.';

grant select on table public.provisioning_requests to service_role;
