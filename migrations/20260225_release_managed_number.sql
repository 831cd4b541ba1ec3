-- depends: 20260225_request_managed_number
--
-- An organization gives its managed number back.
--
-- A release left the credential and the agents behind, pointing to a number that was
-- somebody else's a month later. Now one transaction frees the place, switches the
-- credential off, removes the assignments and lets the number rest. The provider is
-- told through the outbox.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create view private.giving_a_number_back
with (security_invoker = true, security_barrier = true)
as
select null::text as phone_number
where false;

comment on view private.giving_a_number_back is
'The door of api.release_managed_number: to insert here is to release.';

create function private.release_a_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    this_org_id pg_catalog.uuid := private.writing_org_id();
    released public.managed_phone_numbers;
    released_credential_id pg_catalog.uuid;
begin
    select n.* into released
    from public.managed_phone_numbers as n
    where
        n.org_id = this_org_id
        and n.phone_number = new.phone_number
        and n.status = 'active'
    for no key update;

    if not found then
        perform private.refuse('number_not_found', new.phone_number);
    end if;

    -- Whoever assigns the number meanwhile waits here, and then finds it inactive.
    select c.id into released_credential_id
    from public.org_credentials as c
    where
        c.org_id = this_org_id
        and c.phone_number = released.phone_number
        and c.is_managed
        and c.is_active
    for update;

    delete from public.agent_phone_assignments as s
    where s.org_id = this_org_id and s.credential_id = released_credential_id;

    update public.agents as a
    set vapi_phone_number_id = null
    where a.org_id = this_org_id and a.vapi_phone_number_id = released.vapi_phone_id;

    update public.org_credentials as c
    set is_active = false
    where c.org_id = this_org_id and c.id = released_credential_id;

    update public.managed_phone_numbers as n
    set
        status = 'released',
        released_at = now(),
        updated_at = now()
    where n.org_id = this_org_id and n.id = released.id;

    perform private.tell(
        this_org_id,
        'release_number',
        'release_number ' || released.id,
        jsonb_build_object(
            'phone_number', released.phone_number,
            'twilio_phone_sid', released.twilio_phone_sid,
            'vapi_phone_id', released.vapi_phone_id
        )
    );

    return new;
end
$$;

comment on function private.release_a_number() is
'Releases a managed number with all that hangs on it, in one transaction.';

create trigger release_a_number
instead of insert on private.giving_a_number_back
for each row execute function private.release_a_number();

comment on trigger release_a_number on private.giving_a_number_back is
'A trigger function can be executed by nobody but its trigger.';

grant insert on table private.giving_a_number_back to authenticated;

create function api.release_managed_number(phone_number text)
returns void
language sql
set search_path = ''
begin atomic
    insert into private.giving_a_number_back (phone_number)
    values ($1);
end;

comment on function api.release_managed_number(text) is
'Gives the managed number back; agents that used it have none until you assign one.';

grant execute on function api.release_managed_number(text) to authenticated;
