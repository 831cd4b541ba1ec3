-- depends: 20260220_pairs
--
-- Which number an agent answers, and which it calls from.
--
-- Agents named a phone of Vapi in a text column that nothing checked. An assignment
-- points to a credential by foreign key, and the key carries the organization, whether
-- the credential is active and what it can do: so an agent cannot be left with a number
-- that is not the organization's, is switched off or cannot do the direction.
--
-- Locks: agents and org_credentials can be read but not written for an instant.
-- Duration: milliseconds.
-- Rollback: loses the assignments.

create table public.agent_phone_assignments (
    org_id uuid not null,
    agent_id uuid not null,
    direction text not null,
    credential_id uuid not null,
    credential_is_active boolean not null default true,
    can_inbound boolean not null,
    can_outbound boolean not null,
    created_at timestamptz not null default now(),
    constraint agent_phone_assignments_pkey
    primary key (org_id, agent_id, direction),
    constraint assignment_of_an_agent_of_the_org
    foreign key (org_id, agent_id)
    references public.agents (org_id, id) on delete cascade,
    constraint assignment_of_a_credential_of_the_org
    foreign key (
        org_id, credential_id, credential_is_active, can_inbound, can_outbound
    )
    references public.org_credentials (
        org_id, id, is_active, can_inbound, can_outbound
    )
    on update cascade on delete cascade,
    constraint assigned_credential_is_active check (credential_is_active),
    constraint assigned_credential_can_do_the_direction check (
        (direction = 'inbound' and can_inbound)
        or (direction = 'outbound' and can_outbound)
    )
);

create unique index idx_agent_phone_assignments_inbound
on public.agent_phone_assignments (org_id, credential_id)
where direction = 'inbound';

create index idx_agent_phone_assignments_outbound
on public.agent_phone_assignments (agent_id)
where direction = 'outbound';

create index idx_agent_phone_assignments_credential
on public.agent_phone_assignments (
    org_id, credential_id, credential_is_active, can_inbound, can_outbound
);

comment on table public.agent_phone_assignments is
'The number that an agent answers (inbound) or calls from (outbound).';

comment on column public.agent_phone_assignments.credential_is_active is
'Repeats org_credentials.is_active through the foreign key; always true.';

comment on column public.agent_phone_assignments.can_inbound is
'Repeats org_credentials.can_inbound through the foreign key.';

comment on column public.agent_phone_assignments.can_outbound is
'Repeats org_credentials.can_outbound through the foreign key.';

comment on constraint assignment_of_an_agent_of_the_org
on public.agent_phone_assignments is
'Carries the organization; goes with the agent.';

comment on constraint assignment_of_a_credential_of_the_org
on public.agent_phone_assignments is
'Carries the organization, the activity and the directions: switching a credential '
'off while it is assigned fails on assigned_credential_is_active.';

comment on constraint assigned_credential_is_active
on public.agent_phone_assignments is
'Whoever switches a credential off removes its assignments first.';

comment on constraint assigned_credential_can_do_the_direction
on public.agent_phone_assignments is
'A number that cannot be called answers for nobody.';

comment on index public.idx_agent_phone_assignments_inbound is
'A call to a number reaches one agent. Calls are routed by this index.';

comment on index public.idx_agent_phone_assignments_outbound is
'A worker that makes a call knows the agent and nothing else.';

create trigger identity_is_fixed
before update on public.agent_phone_assignments
for each row
when (
    (old.org_id, old.agent_id, old.direction, old.created_at)
    is distinct from (new.org_id, new.agent_id, new.direction, new.created_at)
)
execute function private.refuse_row('identity_is_fixed');

comment on trigger identity_is_fixed on public.agent_phone_assignments is
'Another agent or direction is another assignment.';

alter table public.agent_phone_assignments enable row level security;
alter table public.agent_phone_assignments force row level security;

create policy agent_phone_assignments_service_role on public.agent_phone_assignments
for all
to service_role, current_user
using (true)
with check (true);

comment on policy agent_phone_assignments_service_role
on public.agent_phone_assignments is
'Our own functions assign and route; the backend may look.';

grant select on table public.agent_phone_assignments to service_role;
