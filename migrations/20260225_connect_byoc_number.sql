-- depends: 20260225_release_managed_number
--
-- An organization connects a number of its own Twilio account, and disconnects it.
--
-- Connecting a number again brings a new secret: a new credential takes the place of the
-- old one, and its agents move along. Whether somebody else holds a number is not told:
-- it "cannot be used", as one that rests.
--
-- Whoever connects a number first need not own it. So the backend, which can ask the
-- provider whose account a number is in, connects it for the owner all the same: a number
-- is in one account at a time, so what was proved last is true, and whoever held it on
-- his word lets go.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create view private.connecting_a_number
with (security_invoker = true, security_barrier = true)
as
select
    null::text as phone_number,
    null::text as account_sid,
    null::text as sealed_config,
    null::uuid as credential_id
where false;

comment on view private.connecting_a_number is
'The door of api.connect_byoc_number: to insert here is to connect.';

create function private.retire_credential(org_id uuid, credential_id uuid)
returns public.agent_phone_assignments[]
language plpgsql
set search_path = ''
as $$
declare
    assigned public.agent_phone_assignments[];
begin
    with gone as (
        delete from public.agent_phone_assignments as s
        where
            s.org_id = retire_credential.org_id
            and s.credential_id = retire_credential.credential_id
        returning s.*
    )

    select array_agg(g::public.agent_phone_assignments) into assigned
    from gone as g;

    update public.org_credentials as c
    set is_active = false
    where
        c.org_id = retire_credential.org_id
        and c.id = retire_credential.credential_id;

    return assigned;
end
$$;

comment on function private.retire_credential(uuid, uuid) is
'Switches a credential off with its assignments, and answers what these were.';

create function private.connect_number(
    org_id uuid,
    phone_number text,
    account_sid text,
    sealed_config text,
    credential_id uuid,
    verified_at timestamptz
)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
    called public.e164;
    new_id pg_catalog.uuid := coalesce(connect_number.credential_id, gen_random_uuid());
    former_id pg_catalog.uuid;
    assigned public.agent_phone_assignments[];
    max_numbers integer;
begin
    begin
        called := connect_number.phone_number;
    exception
        when check_violation then
            perform private.refuse('number_is_malformed');
    end;

    if called is null then
        perform private.refuse('number_is_malformed');
    end if;

    if (connect_number.account_sid ~ '^AC[0-9a-f]{32}$') is not true then
        perform private.refuse('account_is_malformed');
    end if;

    if (length(connect_number.sealed_config) <= 65536) is not true then
        perform private.refuse('sealed_value_is_malformed');
    end if;

    select c.id into former_id
    from public.org_credentials as c
    where
        c.org_id = connect_number.org_id
        and c.phone_number = called
        and c.is_active
        and not c.is_managed
    for update;

    if found then
        assigned := private.retire_credential(connect_number.org_id, former_id);
    else
        select l.max_byoc_numbers into max_numbers
        from public.org_limits as l
        where l.org_id = connect_number.org_id;

        if (
            select count(*)
            from public.org_credentials as c
            where
                c.org_id = connect_number.org_id
                and c.is_active = true
                and c.phone_number is not null
                and not c.is_managed
        ) >= coalesce(max_numbers, 20) then
            perform private.refuse('limit_is_reached', 'numbers of your own');
        end if;

        -- A managed number of one's own is held too, and is not connected a second time.
        perform private.hold_number(called, connect_number.org_id, 'byoc');
    end if;

    begin
        insert into public.org_credentials (
            org_id,
            id,
            provider,
            encrypted_config,
            phone_number,
            account_sid,
            last_verified_at
        )
        values (
            connect_number.org_id,
            new_id,
            'twilio',
            connect_number.sealed_config,
            called,
            connect_number.account_sid,
            connect_number.verified_at
        );
    exception
        when check_violation or unique_violation then
            -- The form, or the nonce of another value: nothing that was sealed for here.
            perform private.refuse('sealed_value_is_malformed');
    end;

    insert into public.agent_phone_assignments (
        org_id,
        agent_id,
        direction,
        credential_id,
        can_inbound,
        can_outbound,
        created_at
    )
    select
        connect_number.org_id,
        s.agent_id,
        s.direction,
        new_id,
        true,
        true,
        s.created_at
    from unnest(assigned) as s;

    return new_id;
end
$$;

comment on function private.connect_number(uuid, text, text, text, uuid, timestamptz) is
'Takes a customer''s own number into use, or gives it a new secret. verified_at is '
'null when nobody has asked the provider whose the number is.';

create function private.connect_a_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    new.credential_id := private.connect_number(
        private.writing_org_id(),
        new.phone_number,
        new.account_sid,
        new.sealed_config,
        new.credential_id,
        null
    );

    return new;
end
$$;

comment on function private.connect_a_number() is
'Connects a number for the organization of whoever is signed in.';

create trigger connect_a_number
instead of insert on private.connecting_a_number
for each row execute function private.connect_a_number();

comment on trigger connect_a_number on private.connecting_a_number is
'A trigger function can be executed by nobody but its trigger.';

grant select, insert on table private.connecting_a_number to authenticated;

create function api.connect_byoc_number(
    phone_number text,
    account_sid text,
    sealed_config text,
    credential_id uuid default null
)
returns uuid
language sql
set search_path = ''
begin atomic
    insert into private.connecting_a_number (
        phone_number, account_sid, sealed_config, credential_id
    )
    values ($1, $2, $3, $4)
    returning credential_id;
end;

comment on function api.connect_byoc_number(text, text, text, uuid) is
'Connects a number of your own Twilio account; answers the id of its credential. '
'Give the id that the value is sealed for, when it is sealed for one.';

grant execute on function api.connect_byoc_number(text, text, text, uuid)
to authenticated;

create view private.disconnecting_a_number
with (security_invoker = true, security_barrier = true)
as
select null::uuid as credential_id
where false;

comment on view private.disconnecting_a_number is
'The door of api.disconnect_byoc_number: to insert here is to disconnect.';

create function private.disconnect_a_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    this_org_id pg_catalog.uuid := private.writing_org_id();
begin
    perform
    from public.org_credentials as c
    where
        c.org_id = this_org_id
        and c.id = new.credential_id
        and c.provider = 'twilio'
        and c.is_active
        and not c.is_managed
    for update;

    if not found then
        perform private.refuse(
            'credential_not_found', new.credential_id::pg_catalog.text
        );
    end if;

    perform private.retire_credential(this_org_id, new.credential_id);

    return new;
end
$$;

comment on function private.disconnect_a_number() is
'Takes a customer''s own number out of use, with its assignments.';

create trigger disconnect_a_number
instead of insert on private.disconnecting_a_number
for each row execute function private.disconnect_a_number();

comment on trigger disconnect_a_number on private.disconnecting_a_number is
'A trigger function can be executed by nobody but its trigger.';

grant insert on table private.disconnecting_a_number to authenticated;

create function api.disconnect_byoc_number(credential_id uuid)
returns void
language sql
set search_path = ''
begin atomic
    insert into private.disconnecting_a_number (credential_id)
    values ($1);
end;

comment on function api.disconnect_byoc_number(uuid) is
'Disconnects a number of your own; agents that used it have none until you assign one.';

grant execute on function api.disconnect_byoc_number(uuid) to authenticated;

create function worker.connect_proved_number(
    org_id uuid,
    phone_number text,
    account_sid text,
    sealed_config text,
    credential_id uuid default null
)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    holder public.phone_numbers_held;
    loser_id pg_catalog.uuid;
begin
    select h.* into holder
    from public.phone_numbers_held as h
    where h.phone_number = connect_proved_number.phone_number;

    -- Both organizations, always in the same order.
    perform
    from public.organizations as o
    where o.id in (connect_proved_number.org_id, holder.org_id)
    order by o.id
    for no key update;

    if not exists (
        select
        from public.organizations as o
        where o.id = connect_proved_number.org_id
    ) then
        perform private.refuse(
            'argument_is_malformed', format('no organization %s', connect_proved_number.org_id)
        );
    end if;

    select c.id into loser_id
    from public.org_credentials as c
    where
        c.org_id = holder.org_id
        and c.org_id <> connect_proved_number.org_id
        and c.phone_number = connect_proved_number.phone_number
        and c.is_active
        and not c.is_managed
    for update;

    if found then
        perform private.retire_credential(holder.org_id, loser_id);

        update public.org_credentials as c
        set verification_error = 'This number is not in this Twilio account.'
        where c.org_id = holder.org_id and c.id = loser_id;
    end if;

    return private.connect_number(
        connect_proved_number.org_id,
        connect_proved_number.phone_number,
        connect_proved_number.account_sid,
        connect_proved_number.sealed_config,
        connect_proved_number.credential_id,
        now()
    );
end
$$;

comment on function worker.connect_proved_number(uuid, text, text, text, uuid) is
'Connects a number that the provider says is in this account, also when another '
'organization had connected it before; that one loses it. A managed number, or one '
'that rests, is refused all the same. Answers the id of the credential.';

grant execute on function worker.connect_proved_number(uuid, text, text, text, uuid)
to telephony_worker;
