-- depends: 20260224_provisioning_claims
--
-- A worker says what it is about to do at the provider, and then what came of it.
--
-- Beginning to buy a number pins it to the request and takes hold of it, before any
-- money is spent. A purchase that is undone lets go of it.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function worker.begin_operation(
    org_id uuid,
    request_id uuid,
    attempt integer,
    kind text,
    subject text default null
)
returns table (operation_id uuid, state text, subject_begun text, provider_ref text)
language plpgsql
security definer
set search_path = ''
as $$
declare
    request public.provisioning_requests := private.keep_lease(
        begin_operation.org_id, begin_operation.request_id, begin_operation.attempt
    );
    operation public.provider_operations;
begin
    select o.* into operation
    from public.provider_operations as o
    where
        o.org_id = request.org_id
        and o.request_id = request.id
        and o.kind = begin_operation.kind
        and o.state <> 'undone'
    for update;

    if not found then
        if (
            begin_operation.kind in ('open_subaccount', 'buy_number', 'import_number')
        ) is not true then
            perform private.refuse(
                'argument_is_malformed', format('no kind %L', begin_operation.kind)
            );
        end if;

        if begin_operation.kind = 'buy_number' then
            if (begin_operation.subject ~ '^\+[1-9][0-9]{6,14}$') is not true then
                perform private.refuse('number_is_malformed', begin_operation.subject);
            end if;

            perform private.hold_number(
                begin_operation.subject, request.org_id, 'managed'
            );

            update public.provisioning_requests as r
            set pinned_number = begin_operation.subject
            where r.org_id = request.org_id and r.id = request.id;
        end if;

        begin
            insert into public.provider_operations as o (
                org_id, request_id, kind, subject
            )
            values (
                request.org_id,
                request.id,
                begin_operation.kind,
                begin_operation.subject
            )
            returning o.* into operation;
        exception
            when check_violation then
                perform private.refuse('argument_is_malformed', 'subject');
        end;
    elsif operation.state = 'intended' then
        -- Somebody was about to call, and nobody knows whether it was done.
        update public.provider_operations as o
        set state = 'unknown'
        where o.org_id = operation.org_id and o.id = operation.id
        returning o.* into operation;
    end if;

    return query
    select operation.id, operation.state, operation.subject, operation.provider_ref;
end
$$;

comment on function worker.begin_operation(uuid, uuid, integer, text, text) is
'Writes down a call before it is made. Answers intended: make the call; '
'unknown: ask the provider whether it was made; done: it was.';

grant execute on function
worker.begin_operation(uuid, uuid, integer, text, text) to telephony_worker;

create function worker.finish_operation(
    org_id uuid,
    operation_id uuid,
    state text,
    provider_ref text default null,
    detail jsonb default null
)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    request public.provisioning_requests;
    operation public.provider_operations;
begin
    -- The request first, as everybody does who has both.
    select r.* into request
    from public.provisioning_requests as r
    where
        r.org_id = finish_operation.org_id
        and r.id = (
            select o.request_id
            from public.provider_operations as o
            where
                o.org_id = finish_operation.org_id
                and o.id = finish_operation.operation_id
        )
    for update;

    select o.* into operation
    from public.provider_operations as o
    where
        o.org_id = finish_operation.org_id
        and o.id = finish_operation.operation_id
    for update;

    if not found then
        perform private.refuse(
            'operation_not_found', finish_operation.operation_id::pg_catalog.text
        );
    end if;

    if operation.state = finish_operation.state then
        return;
    end if;

    if finish_operation.state = 'undone' and request.state = 'completed' then
        perform private.refuse(
            'step_not_allowed',
            format('request %s is completed; release its number', request.id)
        );
    end if;

    -- No lease is asked for: what was done was done, whoever has the request now.
    begin
        update public.provider_operations as o
        set
            state = finish_operation.state,
            provider_ref = coalesce(finish_operation.provider_ref, o.provider_ref),
            detail = coalesce(finish_operation.detail, o.detail)
        where o.org_id = operation.org_id and o.id = operation.id;
    exception
        when check_violation then
            perform private.refuse('argument_is_malformed', 'provider_ref or detail');
    end;

    if operation.kind = 'buy_number' and finish_operation.state = 'undone' then
        perform private.give_number_back(operation.subject, operation.org_id, null);

        update public.provisioning_requests as r
        set pinned_number = null
        where
            r.org_id = request.org_id
            and r.id = request.id
            and r.state in ('queued', 'running');
    end if;
end
$$;

comment on function worker.finish_operation(uuid, uuid, text, text, jsonb) is
'Says what came of a call: done, unknown or undone. Saying it twice is saying it once.';

grant execute on function
worker.finish_operation(uuid, uuid, text, text, jsonb) to telephony_worker;
