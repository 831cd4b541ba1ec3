-- depends: 20260225_connect_byoc_number
--
-- An organization says which number an agent answers and which it calls from.
--
-- What may be assigned, foreign keys and checks say; these functions put their answers
-- into sentences. Assigning another number in the same direction replaces the first.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create view private.assigning_a_number
with (security_invoker = true, security_barrier = true)
as
select
    null::uuid as agent_id,
    null::text as direction,
    null::uuid as credential_id
where false;

comment on view private.assigning_a_number is
'The door of api.assign_phone_number: to insert here is to assign.';

create function private.assign_a_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    this_org_id pg_catalog.uuid := private.writing_org_id();
    chosen public.org_credentials;
begin
    perform
    from public.agents as a
    where a.org_id = this_org_id and a.id = new.agent_id
    for key share;

    if not found then
        perform private.refuse('agent_not_found', new.agent_id::pg_catalog.text);
    end if;

    select c.* into chosen
    from public.org_credentials as c
    where
        c.org_id = this_org_id
        and c.id = new.credential_id
        and c.is_active
        and c.phone_number is not null
    for share;

    if not found then
        perform private.refuse(
            'credential_not_found', new.credential_id::pg_catalog.text
        );
    end if;

    begin
        insert into public.agent_phone_assignments (
            org_id, agent_id, direction, credential_id, can_inbound, can_outbound
        )
        values (
            this_org_id,
            new.agent_id,
            new.direction,
            chosen.id,
            chosen.can_inbound,
            chosen.can_outbound
        )
        on conflict on constraint agent_phone_assignments_pkey do update
        set
            credential_id = excluded.credential_id,
            can_inbound = excluded.can_inbound,
            can_outbound = excluded.can_outbound;
    exception
        when unique_violation then
            perform private.refuse(
                'number_already_answers', new.credential_id::pg_catalog.text
            );
        when check_violation or not_null_violation then
            perform private.refuse('direction_not_supported', new.direction);
    end;

    return new;
end
$$;

comment on function private.assign_a_number() is
'Gives an agent a number for a direction.';

create trigger assign_a_number
instead of insert on private.assigning_a_number
for each row execute function private.assign_a_number();

comment on trigger assign_a_number on private.assigning_a_number is
'A trigger function can be executed by nobody but its trigger.';

grant insert on table private.assigning_a_number to authenticated;

create function api.assign_phone_number(
    agent_id uuid, direction text, credential_id uuid
)
returns void
language sql
set search_path = ''
begin atomic
    insert into private.assigning_a_number (agent_id, direction, credential_id)
    values ($1, $2, $3);
end;

comment on function api.assign_phone_number(uuid, text, uuid) is
'Lets an agent answer (inbound) or call from (outbound) one of your numbers.';

grant execute on function api.assign_phone_number(uuid, text, uuid) to authenticated;

create view private.unassigning_a_number
with (security_invoker = true, security_barrier = true)
as
select
    null::uuid as agent_id,
    null::text as direction
where false;

comment on view private.unassigning_a_number is
'The door of api.unassign_phone_number: to insert here is to unassign.';

create function private.unassign_a_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    this_org_id pg_catalog.uuid := private.writing_org_id();
begin
    delete from public.agent_phone_assignments as s
    where
        s.org_id = this_org_id
        and s.agent_id = new.agent_id
        and s.direction = new.direction;

    return new;
end
$$;

comment on function private.unassign_a_number() is
'Takes the number of a direction from an agent; without one nothing happens.';

create trigger unassign_a_number
instead of insert on private.unassigning_a_number
for each row execute function private.unassign_a_number();

comment on trigger unassign_a_number on private.unassigning_a_number is
'A trigger function can be executed by nobody but its trigger.';

grant insert on table private.unassigning_a_number to authenticated;

create function api.unassign_phone_number(agent_id uuid, direction text)
returns void
language sql
set search_path = ''
begin atomic
    insert into private.unassigning_a_number (agent_id, direction)
    values ($1, $2);
end;

comment on function api.unassign_phone_number(uuid, text) is
'Takes the number of a direction from an agent.';

grant execute on function api.unassign_phone_number(uuid, text) to authenticated;
