-- depends: 20260225_writing_organization
--
-- An organization asks for a managed number.
--
-- The function itself has no rights: it writes into a view, and the trigger behind the
-- view asks who is writing, and for whom, before it does anything. So no function with
-- the owner's rights can be executed by a signed-in user, whatever its arguments. The
-- view has no rows and holds nothing; it cannot be named from outside.
--
-- Asking again with the same key gives the same answer. Of callers that race, one gets
-- the claim; the others wait for it and get the same sentence as from the check.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create view private.asking_for_a_number
with (security_invoker = true, security_barrier = true)
as
select
    null::text as idempotency_key,
    null::text as country,
    null::text as number_type,
    null::text as area_code,
    null::uuid as request_id,
    null::text as state
where false;

comment on view private.asking_for_a_number is
'The door of api.request_managed_number: to insert here is to ask.';

create function private.ask_for_a_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    this_org_id pg_catalog.uuid := private.writing_org_id();
    asked_hash pg_catalog.bytea := sha256(convert_to(
        jsonb_build_array(
            new.country, new.number_type, new.area_code
        )::pg_catalog.text,
        'UTF8'
    ));
    request public.provisioning_requests;
    permission pg_catalog.record;
    max_requests integer;
begin
    if (length(new.idempotency_key) between 1 and 200) is not true then
        perform private.refuse('idempotency_key_is_malformed');
    end if;

    select r.* into request
    from public.provisioning_requests as r
    where r.org_id = this_org_id and r.idempotency_key = new.idempotency_key;

    if found then
        if request.parameters_hash <> asked_hash then
            perform private.refuse(
                'idempotency_key_reused', format('request %s', request.id)
            );
        end if;

        new.request_id := request.id;
        new.state := request.state;
        return new;
    end if;

    select p.* into strict permission
    from api.provisioning_permission as p;

    if not permission.can_provision then
        perform private.refuse(permission.reason_code, permission.existing_number);
    end if;

    if not exists (
        select
        from public.number_markets as m
        where
            m.country_code = new.country
            and m.number_type = new.number_type
            and m.enabled
            and coalesce(new.area_code ~ m.area_code_pattern, true)
    ) then
        perform private.refuse(
            'market_unavailable',
            concat_ws(' ', new.country, new.number_type, new.area_code)
        );
    end if;

    select l.max_requests_per_day into max_requests
    from public.org_limits as l
    where l.org_id = this_org_id;

    if (
        select count(*)
        from public.provisioning_requests as r
        where
            r.org_id = this_org_id
            and r.created_at > now() - interval '24 hours'
    ) >= coalesce(max_requests, 10) then
        perform private.refuse('limit_is_reached', 'requests for managed numbers');
    end if;

    insert into public.provisioning_requests as r (
        org_id,
        idempotency_key,
        parameters_hash,
        requested_by,
        country_code,
        number_type,
        area_code
    )
    values (
        this_org_id,
        new.idempotency_key,
        asked_hash,
        private.current_user_id(),
        new.country,
        new.number_type,
        new.area_code
    )
    on conflict do nothing
    returning r.id, r.state into new.request_id, new.state;

    if not found then
        perform private.refuse('one_managed_number_per_org');
    end if;

    return new;
end
$$;

comment on function private.ask_for_a_number() is
'Takes the claim for a managed number, or gives the answer that the key already got.';

create trigger ask_for_a_number
instead of insert on private.asking_for_a_number
for each row execute function private.ask_for_a_number();

comment on trigger ask_for_a_number on private.asking_for_a_number is
'A trigger function can be executed by nobody but its trigger.';

grant select, insert on table private.asking_for_a_number to authenticated;

create function api.request_managed_number(
    idempotency_key text,
    country text,
    number_type text,
    area_code text default null
)
returns table (request_id uuid, state text)
language sql
set search_path = ''
begin atomic
    insert into private.asking_for_a_number (
        idempotency_key, country, number_type, area_code
    )
    values ($1, $2, $3, $4)
    returning request_id, state;
end;

comment on function api.request_managed_number(text, text, text, text) is
'Asks for a managed number. The same key with the same parameters gives the same '
'answer; with others it is refused. Without an area code any will do.';

grant execute on function api.request_managed_number(text, text, text, text)
to authenticated;
