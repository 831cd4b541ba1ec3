-- depends: 20260222_outbox
--
-- What every call and every page asks of a number, in one row.
--
-- Which agent answers, whether the number can be used, under which key it is sealed:
-- the answers stand in four tables, and were put together for each call. Now they stand
-- together. Nobody writes here: whatever changes one of the four tables has the row
-- made anew from all of them, by one function. The next change fills it.
--
-- Locks: org_credentials, twilio_subaccounts, agent_phone_assignments and agents, for the
-- moment that a trigger takes.
-- Duration: milliseconds.
-- Rollback: loses nothing; the rows are made of the other tables.

create table public.number_routes (
    org_id uuid not null,
    credential_id uuid not null,
    phone_number text not null,
    is_managed boolean not null,
    can_inbound boolean not null,
    can_outbound boolean not null,
    account_status text not null,
    inbound_agent_id uuid,
    key_version integer,
    -- What pages show is included, so that they are answered from the index alone.
    constraint number_routes_pkey primary key (org_id, credential_id) include (
        phone_number, is_managed, can_inbound, can_outbound, account_status
    ),
    constraint route_of_a_credential_of_the_org
    foreign key (org_id, credential_id)
    references public.org_credentials (org_id, id) on delete cascade,
    constraint one_route_for_each_number unique (phone_number)
);

comment on table public.number_routes is
'One row for each active credential with a number: what calls and pages ask. Made of '
'org_credentials, twilio_subaccounts, agent_phone_assignments and agents.';

comment on column public.number_routes.account_status is
'Of our subaccount, for a managed number; a number of the customer''s own is active.';

comment on column public.number_routes.inbound_agent_id is
'The agent that answers; null: nobody is assigned, or he is switched off.';

comment on column public.number_routes.key_version is
'The data key that the credential is sealed under; null: the form of before.';

comment on constraint route_of_a_credential_of_the_org on public.number_routes is
'Carries the organization; goes with the credential.';

comment on constraint one_route_for_each_number on public.number_routes is
'A call reaches one organization. Calls are routed by this index.';

alter table public.number_routes enable row level security;
alter table public.number_routes force row level security;

create policy number_routes_select_own_org on public.number_routes
for select
to authenticated
using (org_id = (select private.current_org_id()));

comment on policy number_routes_select_own_org on public.number_routes is
'Users choose among the numbers of their own organization, through api.';

create policy number_routes_service_role on public.number_routes
for all
to service_role, current_user
using (true)
with check (true);

comment on policy number_routes_service_role on public.number_routes is
'Our own functions keep it; the backend may look.';

grant select on table public.number_routes to service_role;

create function private.make_route(org_id uuid, credential_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
    -- Whoever changes one of these meanwhile waits, or is waited for and then seen.
    perform
    from public.twilio_subaccounts as s
    where s.org_id = make_route.org_id
    for share;

    -- Touched, not only locked: a session with an older picture of the tables, which
    -- would switch the agent off without seeing this number, has to fail instead.
    update public.agents as a
    set is_active = a.is_active
    from public.agent_phone_assignments as p
    where
        p.org_id = make_route.org_id
        and p.credential_id = make_route.credential_id
        and p.direction = 'inbound'
        and a.org_id = p.org_id
        and a.id = p.agent_id;

    perform
    from public.number_routes as r
    where
        r.org_id = make_route.org_id
        and r.credential_id = make_route.credential_id
    for update;

    insert into public.number_routes as r (
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
        c.org_id,
        c.id,
        c.phone_number,
        c.is_managed,
        c.can_inbound,
        c.can_outbound,
        case
            when c.is_managed then coalesce(s.status, 'closed')
            else 'active'
        end,
        a.id,
        c.key_version
    from public.org_credentials as c
    left join public.twilio_subaccounts as s
        on c.org_id = s.org_id
    left join public.agent_phone_assignments as p
        on
            c.org_id = p.org_id
            and c.id = p.credential_id
            and p.direction = 'inbound'
    left join public.agents as a
        on
            p.org_id = a.org_id
            and p.agent_id = a.id
            and a.is_active is not false
    where
        c.org_id = make_route.org_id
        and c.id = make_route.credential_id
        and c.is_active
        and c.phone_number is not null
    on conflict on constraint number_routes_pkey do update
    set
        phone_number = excluded.phone_number,
        can_inbound = excluded.can_inbound,
        can_outbound = excluded.can_outbound,
        account_status = excluded.account_status,
        inbound_agent_id = excluded.inbound_agent_id,
        key_version = excluded.key_version;

    if not found then
        delete from public.number_routes as r
        where
            r.org_id = make_route.org_id
            and r.credential_id = make_route.credential_id;
    end if;
end
$$;

comment on function private.make_route(uuid, uuid) is
'Makes the row of a credential anew from the tables that it is made of, or takes it '
'away when the credential is not active or has no number.';

create function private.make_first_routes()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.number_routes (
        org_id,
        credential_id,
        phone_number,
        is_managed,
        can_inbound,
        can_outbound,
        account_status,
        key_version
    )
    select
        c.org_id,
        c.id,
        c.phone_number,
        c.is_managed,
        c.can_inbound,
        c.can_outbound,
        case
            when c.is_managed then coalesce(s.status, 'closed')
            else 'active'
        end,
        c.key_version
    from (
        select *
        from inserted
        order by org_id, id
    ) as c
    left join
        -- Whoever changes the account meanwhile waits, or is waited for and then seen.
        lateral (
            select a.status
            from public.twilio_subaccounts as a
            where a.org_id = c.org_id
            for share
        ) as s
        on true
    where c.is_active and c.phone_number is not null
    -- Left by one with this id that was deleted while no foreign key was looked at.
    on conflict on constraint number_routes_pkey do update
    set
        phone_number = excluded.phone_number,
        can_inbound = excluded.can_inbound,
        can_outbound = excluded.can_outbound,
        account_status = excluded.account_status,
        inbound_agent_id = null,
        key_version = excluded.key_version;

    return null;
end
$$;

comment on function private.make_first_routes() is
'Makes the rows of the credentials that a statement has inserted, all at once. A new '
'credential has no agent.';

create function private.keep_route_of_credential()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if
        old.is_active = new.is_active
        and old.phone_number is not distinct from new.phone_number
        and old.can_inbound = new.can_inbound
        and old.can_outbound = new.can_outbound
    then
        -- Sealed anew at most: that must not wait for an agent or an account.
        update public.number_routes as r
        set key_version = new.key_version
        where
            r.org_id = new.org_id
            and r.credential_id = new.id
            and r.key_version is distinct from new.key_version;
    else
        perform private.make_route(new.org_id, new.id);
    end if;

    return null;
end
$$;

comment on function private.keep_route_of_credential() is
'Has the route of a changed credential made anew.';

create function private.keep_routes()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The row that is there, or was.
    facts pg_catalog.jsonb := to_jsonb(
        case when tg_op = 'DELETE' then old else new end
    );
    changed_id pg_catalog.uuid;
begin
    for changed_id in
        select c.id
        from public.org_credentials as c
        where
            c.org_id = (facts ->> 'org_id')::pg_catalog.uuid
            and case tg_table_name
                when 'twilio_subaccounts' then c.is_managed and c.is_active
                when 'agents' then exists (
                    select
                    from public.agent_phone_assignments as p
                    where
                        p.org_id = c.org_id
                        and p.credential_id = c.id
                        and p.agent_id = (facts ->> 'id')::pg_catalog.uuid
                )
                else c.id in (
                    (facts ->> 'credential_id')::pg_catalog.uuid,
                    case
                        when tg_op = 'UPDATE'
                            then (to_jsonb(old) ->> 'credential_id')::pg_catalog.uuid
                    end
                )
            end
    loop
        perform private.make_route((facts ->> 'org_id')::pg_catalog.uuid, changed_id);
    end loop;

    return null;
end
$$;

comment on function private.keep_routes() is
'Has the routes made anew that a changed row is part of.';

-- Triggers of one kind fire by name, and those of a whole statement after those of its
-- rows. These names come after `a_live_number_is_held`, which refuses a number that
-- somebody has, and before `audited`: whoever changes an account holds it and then writes
-- its event, so nobody may hold the events of an organization and then wait for its
-- account.
create trigger answers_are_kept
after update of is_active, phone_number, can_inbound, can_outbound,
encrypted_config, key_version on public.org_credentials
for each row execute function private.keep_route_of_credential();

comment on trigger answers_are_kept on public.org_credentials is
'A credential that is switched off routes nothing.';

create trigger answers_are_made
after insert on public.org_credentials
referencing new table as inserted
for each statement execute function private.make_first_routes();

comment on trigger answers_are_made on public.org_credentials is
'A new number can be called at once.';

create trigger answers_are_kept
after insert or update of status or delete on public.twilio_subaccounts
for each row execute function private.keep_routes();

comment on trigger answers_are_kept on public.twilio_subaccounts is
'The number of a suspended account cannot be used.';

create trigger answers_are_kept
after insert or update or delete on public.agent_phone_assignments
for each row execute function private.keep_routes();

comment on trigger answers_are_kept on public.agent_phone_assignments is
'Another agent answers.';

create trigger answers_are_kept
after update on public.agents
for each row
when (old.is_active is distinct from new.is_active)
execute function private.keep_routes();

comment on trigger answers_are_kept on public.agents is
'An agent that is switched off answers nothing.';
