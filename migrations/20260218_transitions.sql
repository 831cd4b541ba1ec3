-- depends: 20260217_numbers_can_come_back
--
-- Numbers, requests, operations and subaccounts move only along known steps, each taken
-- by whoever may take it. The steps are rows of a table.
--
-- What stands in the tables already is taken as it is; every step from here on counts.
--
-- Locks: managed_phone_numbers and twilio_subaccounts can be read but not written for
-- an instant.
-- Duration: milliseconds.
-- Rollback: loses the steps, which this file holds, and those added since.

create table public.provisioning_transitions (
    machine text not null,
    from_state text not null,
    to_state text not null,
    actor name not null,
    constraint provisioning_transitions_pkey
    primary key (machine, from_state, to_state, actor),
    constraint machine_is_known check (
        machine in ('number', 'request', 'operation', 'subaccount')
    ),
    constraint nothing_becomes_new check (to_state <> '(new)')
);

comment on table public.provisioning_transitions is
'Which state may follow which, and who may do it: the state machines, as data.';

comment on column public.provisioning_transitions.machine is
'number: managed_phone_numbers.status; request: provisioning_requests.state; '
'operation: provider_operations.state; subaccount: twilio_subaccounts.status.';

comment on column public.provisioning_transitions.from_state is
'(new): the row is being made, so to_state is a first state.';

comment on column public.provisioning_transitions.actor is
'Whoever is a member of this role may take the step.';

comment on constraint nothing_becomes_new on public.provisioning_transitions is
'A row is made once.';

insert into public.provisioning_transitions (machine, from_state, to_state, actor)
values
('number', '(new)', 'provisioning', 'telephony_worker'),
('number', '(new)', 'provisioning', 'service_role'),
('number', 'provisioning', 'active', 'telephony_worker'),
('number', 'provisioning', 'active', 'service_role'),
('number', 'provisioning', 'failed', 'telephony_worker'),
('number', 'provisioning', 'failed', 'service_role'),
('number', 'active', 'released', 'authenticated'),
('number', 'active', 'released', 'telephony_worker'),
('number', 'active', 'released', 'service_role'),
('subaccount', '(new)', 'active', 'telephony_worker'),
('subaccount', '(new)', 'active', 'service_role'),
('subaccount', 'active', 'suspended', 'service_role'),
('subaccount', 'suspended', 'active', 'service_role'),
('subaccount', 'active', 'closed', 'service_role'),
('subaccount', 'suspended', 'closed', 'service_role'),
('request', '(new)', 'queued', 'authenticated'),
('request', 'queued', 'running', 'telephony_worker'),
('request', 'running', 'queued', 'telephony_worker'),
('request', 'running', 'completed', 'telephony_worker'),
('request', 'running', 'failed', 'telephony_worker'),
('operation', '(new)', 'intended', 'telephony_worker'),
('operation', 'intended', 'done', 'telephony_worker'),
('operation', 'intended', 'unknown', 'telephony_worker'),
('operation', 'intended', 'undone', 'telephony_worker'),
('operation', 'unknown', 'done', 'telephony_worker'),
('operation', 'unknown', 'undone', 'telephony_worker'),
('operation', 'done', 'undone', 'telephony_worker');

alter table public.provisioning_transitions enable row level security;
alter table public.provisioning_transitions force row level security;

create policy provisioning_transitions_service_role on public.provisioning_transitions
for all
to service_role, current_user
using (true)
with check (true);

comment on policy provisioning_transitions_service_role
on public.provisioning_transitions is
'Our own functions look the steps up; the backend may read them.';

grant select on table public.provisioning_transitions to service_role;

create function private.caller()
returns name
language sql
stable
set search_path = ''
return coalesce(
    nullif(current_setting('role', true), 'none'), session_user
)::name;

comment on function private.caller() is
'The role that the session has taken on; a definer function does not hide it.';

create function private.follow_transition()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The tables call it differently, and a row has no field but its own.
    kept_in pg_catalog.text := case
        when tg_argv[0] in ('request', 'operation') then 'state'
        else 'status'
    end;
    was pg_catalog.text := '(new)';
    becomes pg_catalog.text := to_jsonb(new) ->> kept_in;
begin
    if tg_op = 'UPDATE' then
        was := to_jsonb(old) ->> kept_in;
    end if;

    if not exists (
        select
        from public.provisioning_transitions as t
        where
            t.machine = tg_argv[0]
            and t.from_state = was
            and t.to_state = becomes
            and pg_has_role(private.caller(), t.actor, 'member')
    ) then
        perform private.refuse(
            'step_not_allowed',
            format('%s: %s to %s by %s', tg_argv[0], was, becomes, private.caller())
        );
    end if;

    return new;
end
$$;

comment on function private.follow_transition() is
'Lets a state change only along provisioning_transitions, by a role that may.';

create trigger first_state
before insert on public.managed_phone_numbers
for each row execute function private.follow_transition('number');

comment on trigger first_state on public.managed_phone_numbers is
'A number is provisioning before it is anything else.';

create trigger next_state
before update on public.managed_phone_numbers
for each row
when (old.status is distinct from new.status)
execute function private.follow_transition('number');

comment on trigger next_state on public.managed_phone_numbers is
'A released number never comes back to life; it is bought anew.';

create trigger first_state
before insert on public.twilio_subaccounts
for each row execute function private.follow_transition('subaccount');

comment on trigger first_state on public.twilio_subaccounts is
'A subaccount is active when it is opened.';

create trigger next_state
before update on public.twilio_subaccounts
for each row
when (old.status is distinct from new.status)
execute function private.follow_transition('subaccount');

comment on trigger next_state on public.twilio_subaccounts is
'A closed subaccount stays closed: Twilio deletes it.';
