-- depends: 20260225_release_managed_number
--
-- An organization connects a number of its own Twilio account, and disconnects it.
--
-- Connecting a number again brings a new secret: a new credential takes the place of the
-- old one, and its agents move along. Whether somebody else holds a number is not told:
-- it "cannot be used", as one that rests.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create view private.connecting_a_number
with (security_invoker = true)
as
select
    null::text as phone_number,
    null::text as account_sid,
    null::text as sealed_config,
    null::uuid as credential_id
where false;

comment on view private.connecting_a_number is
'The door of api.connect_byoc_number: to insert here is to connect.';

create function private.connect_a_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    this_org_id uuid := private.writing_org_id();
    called public.e164;
    former_id uuid;
    assigned public.agent_phone_assignments[];
    max_numbers integer;
begin
    begin
        called := new.phone_number;
    exception
        when check_violation then
            perform private.refuse('number_is_malformed');
    end;

    if called is null then
        perform private.refuse('number_is_malformed');
    end if;

    if (new.account_sid ~ '^AC[0-9a-f]{32}$') is not true then
        perform private.refuse('account_is_malformed');
    end if;

    if new.sealed_config is null or length(new.sealed_config) > 65536 then
        perform private.refuse('sealed_value_is_malformed');
    end if;

    perform
    from public.organizations as o
    where o.id = this_org_id
    for no key update;

    select c.id into former_id
    from public.org_credentials as c
    where
        c.org_id = this_org_id
        and c.phone_number = called
        and c.is_active
        and not c.is_managed
    for update;

    if found then
        select array_agg(s) into assigned
        from public.agent_phone_assignments as s
        where s.org_id = this_org_id and s.credential_id = former_id;

        delete from public.agent_phone_assignments as s
        where s.org_id = this_org_id and s.credential_id = former_id;

        update public.org_credentials as c
        set is_active = false
        where c.org_id = this_org_id and c.id = former_id;
    else
        select l.max_byoc_numbers into max_numbers
        from public.org_limits as l
        where l.org_id = this_org_id;

        if (
            select count(*)
            from public.org_credentials as c
            where
                c.org_id = this_org_id
                and c.is_active = true
                and c.phone_number is not null
                and not c.is_managed
        ) >= coalesce(max_numbers, 20) then
            perform private.refuse('limit_is_reached', 'numbers of your own');
        end if;

        -- A managed number of one's own is held too, and is not connected a second time.
        perform private.hold_number(called, this_org_id, 'byoc');
    end if;

    new.credential_id := coalesce(new.credential_id, gen_random_uuid());

    begin
        insert into public.org_credentials (
            org_id, id, provider, encrypted_config, phone_number, account_sid
        )
        values (
            this_org_id,
            new.credential_id,
            'twilio',
            new.sealed_config,
            called,
            new.account_sid
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
        this_org_id,
        s.agent_id,
        s.direction,
        new.credential_id,
        true,
        true,
        s.created_at
    from unnest(assigned) as s;

    return new;
end
$$;

comment on function private.connect_a_number() is
'Takes a customer''s own number into use, or gives it a new secret.';

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
with (security_invoker = true)
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
    this_org_id uuid := private.writing_org_id();
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
        perform private.refuse('credential_not_found', new.credential_id::text);
    end if;

    delete from public.agent_phone_assignments as s
    where s.org_id = this_org_id and s.credential_id = new.credential_id;

    update public.org_credentials as c
    set is_active = false
    where c.org_id = this_org_id and c.id = new.credential_id;

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
