-- depends: 20260224_outbox_worker
--
-- Workers share the requests without stepping on each other.
--
-- A worker takes the oldest requests that nobody has, for a while. When its time has
-- run out the request goes back, and what it was about to do is unknown until somebody
-- asks the provider. A request with a number bought is never given up: first the
-- purchase is undone.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function worker.claim_provisioning(batch integer, lease interval)
returns table (
    org_id uuid,
    request_id uuid,
    attempt integer,
    country_code text,
    number_type text,
    area_code text,
    pinned_number text,
    lease_until timestamptz
)
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.ask_for_a_lease(claim_provisioning.batch, claim_provisioning.lease);

    return query
    update public.provisioning_requests as r
    set
        state = 'running',
        attempt = r.attempt + 1,
        lease_until = clock_timestamp() + claim_provisioning.lease
    from (
        select
            q.org_id,
            q.id
        from public.provisioning_requests as q
        where q.state = 'queued'
        order by q.created_at
        limit claim_provisioning.batch
        for update skip locked
    ) as queued
    where r.org_id = queued.org_id and r.id = queued.id
    returning
        r.org_id,
        r.id,
        r.attempt,
        r.country_code,
        r.number_type,
        r.area_code,
        r.pinned_number::pg_catalog.text,
        r.lease_until;
end
$$;

comment on function worker.claim_provisioning(integer, interval) is
'Takes up to so many queued requests, the oldest first, for the time of the lease. '
'attempt is the token that proves the lease to the other functions.';

grant execute on function worker.claim_provisioning(integer, interval)
to telephony_worker;

create function private.keep_lease(org_id uuid, request_id uuid, attempt integer)
returns public.provisioning_requests
language plpgsql
set search_path = ''
as $$
declare
    request public.provisioning_requests;
begin
    select r.* into request
    from public.provisioning_requests as r
    where
        r.org_id = keep_lease.org_id
        and r.id = keep_lease.request_id
        and r.state = 'running'
        and r.attempt = keep_lease.attempt
        and r.lease_until > clock_timestamp()
    for update;

    if not found then
        perform private.refuse(
            'lease_is_lost',
            format('request %s, attempt %s', keep_lease.request_id, keep_lease.attempt)
        );
    end if;

    return request;
end
$$;

comment on function private.keep_lease(uuid, uuid, integer) is
'The request, locked, if this worker still has it; else refuses.';

create function worker.renew_lease(
    org_id uuid, request_id uuid, attempt integer, lease interval
)
returns timestamptz
language plpgsql
security definer
set search_path = ''
as $$
declare
    request public.provisioning_requests := private.keep_lease(
        renew_lease.org_id, renew_lease.request_id, renew_lease.attempt
    );
    renewed_until pg_catalog.timestamptz;
begin
    perform private.ask_for_a_lease(1, renew_lease.lease);

    update public.provisioning_requests as r
    set lease_until = clock_timestamp() + renew_lease.lease
    where r.org_id = request.org_id and r.id = request.id
    returning r.lease_until into renewed_until;

    return renewed_until;
end
$$;

comment on function worker.renew_lease(uuid, uuid, integer, interval) is
'Gives a worker that still has a request more time, from now on, while a provider is '
'slow; answers until when.';

grant execute on function worker.renew_lease(uuid, uuid, integer, interval)
to telephony_worker;

create function private.end_in_failure(
    request public.provisioning_requests, reason_code text
)
returns void
language plpgsql
set search_path = ''
as $$
begin
    if exists (
        select
        from public.provider_operations as o
        where
            o.org_id = request.org_id
            and o.request_id = request.id
            and o.kind = 'buy_number'
            and o.state <> 'undone'
    ) then
        perform private.refuse('operation_is_open', format('request %s', request.id));
    end if;

    update public.provisioning_requests as r
    set
        state = 'failed',
        lease_until = null,
        reason_code = m.reason_code,
        user_message = m.message
    from public.telephony_reasons as m
    where
        r.org_id = request.org_id
        and r.id = request.id
        and m.reason_code = end_in_failure.reason_code;

    if not found then
        perform private.refuse(
            'argument_is_malformed',
            format('no reason %L in telephony_reasons', end_in_failure.reason_code)
        );
    end if;

    perform private.tell(
        request.org_id,
        'provisioning_failed',
        'provisioning_failed ' || request.id,
        jsonb_build_object(
            'request_id', request.id, 'reason_code', end_in_failure.reason_code
        )
    );
end
$$;

comment on function private.end_in_failure(public.provisioning_requests, text) is
'Ends a request with a reason, unless a number was bought that is not undone.';

create function worker.fail_provisioning(
    org_id uuid,
    request_id uuid,
    attempt integer,
    reason_code text,
    retry boolean default false
)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    request public.provisioning_requests := private.keep_lease(
        fail_provisioning.org_id,
        fail_provisioning.request_id,
        fail_provisioning.attempt
    );
begin
    if fail_provisioning.retry then
        update public.provisioning_requests as r
        set
            state = 'queued',
            lease_until = null
        where r.org_id = request.org_id and r.id = request.id;
    else
        perform private.end_in_failure(request, fail_provisioning.reason_code);
    end if;
end
$$;

comment on function worker.fail_provisioning(uuid, uuid, integer, text, boolean) is
'Ends a request with a reason for the user, or gives it back to be tried again.';

grant execute on function
worker.fail_provisioning(uuid, uuid, integer, text, boolean) to telephony_worker;

create function worker.reap_leases()
returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    request public.provisioning_requests;
    reaped integer := 0;
begin
    for request in
        select r.*
        from public.provisioning_requests as r
        where r.state = 'running' and r.lease_until <= clock_timestamp()
        order by r.lease_until
        for update skip locked
    loop
        update public.provider_operations as o
        set state = 'unknown'
        where
            o.org_id = request.org_id
            and o.request_id = request.id
            and o.state = 'intended';

        if request.attempt >= 5 and not exists (
            select
            from public.provider_operations as o
            where
                o.org_id = request.org_id
                and o.request_id = request.id
                and o.kind = 'buy_number'
                and o.state <> 'undone'
        ) then
            perform private.end_in_failure(request, 'gave_up');
        else
            update public.provisioning_requests as r
            set
                state = 'queued',
                lease_until = null
            where r.org_id = request.org_id and r.id = request.id;
        end if;

        reaped := reaped + 1;
    end loop;

    return reaped;
end
$$;

comment on function worker.reap_leases() is
'Gives back the requests whose workers have not come back; '
'gives up those that were tried five times without buying a number.';

grant execute on function worker.reap_leases() to telephony_worker;
