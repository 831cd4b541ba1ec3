-- depends: 20260223_validate_can_provision
--
-- A worker takes messages from the outbox, tells them, and says how it went.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function private.tell(
    org_id uuid, topic text, dedupe_key text, payload jsonb
)
returns void
language sql
set search_path = ''
begin atomic
    insert into public.outbox (org_id, topic, dedupe_key, payload)
    values ($1, $2, $3, $4)
    on conflict on constraint one_message_for_each_dedupe_key do nothing;
end;

comment on function private.tell(uuid, text, text, jsonb) is
'Puts a message into the outbox; the same event twice is one message.';

create function private.ask_for_a_lease(batch integer, lease interval)
returns void
language plpgsql
set search_path = ''
as $$
begin
    if (
        ask_for_a_lease.batch between 1 and 1000
        and ask_for_a_lease.lease between interval '1 second' and interval '1 day'
    ) is not true then
        perform private.refuse(
            'argument_is_malformed',
            'a batch is 1 to 1000, a lease 1 second to 1 day'
        );
    end if;
end
$$;

comment on function private.ask_for_a_lease(integer, interval) is
'Refuses a batch or a lease that would leave work with nobody, or with one for ever.';

create function worker.claim_outbox(batch integer, lease interval)
returns table (
    org_id uuid, message_id uuid, topic text, payload jsonb, attempts integer
)
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.ask_for_a_lease(claim_outbox.batch, claim_outbox.lease);

    return query
    with taken as (
        update public.outbox as o
        set
            attempts = o.attempts + 1,
            -- Whose workers never come back to settle it is given up as well.
            dead = o.attempts >= 10,
            available_at = clock_timestamp() + claim_outbox.lease
        from (
            select
                w.org_id,
                w.id
            from public.outbox as w
            where
                w.delivered_at is null
                and not w.dead
                and w.available_at <= clock_timestamp()
            order by w.available_at
            limit claim_outbox.batch
            for update skip locked
        ) as waiting
        where o.org_id = waiting.org_id and o.id = waiting.id
        returning o.org_id, o.id, o.topic, o.payload, o.attempts, o.dead
    )

    select
        t.org_id,
        t.id,
        t.topic,
        t.payload,
        t.attempts
    from taken as t
    where not t.dead;
end
$$;

comment on function worker.claim_outbox(integer, interval) is
'Takes up to so many messages; each comes again after the lease unless it is settled.';

grant execute on function worker.claim_outbox(integer, interval) to telephony_worker;

create function worker.settle_outbox(org_id uuid, message_id uuid, delivered boolean)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.outbox as o
    set
        delivered_at = case when settle_outbox.delivered then clock_timestamp() end,
        dead = settle_outbox.delivered is not true and o.attempts >= 10
    where
        o.org_id = settle_outbox.org_id
        and o.id = settle_outbox.message_id
        and o.delivered_at is null;
end
$$;

comment on function worker.settle_outbox(uuid, uuid, boolean) is
'Says that a message was told, or was not; after ten attempts it is given up. Nothing '
'is said of a message that was told before, or went with its organization.';

grant execute on function worker.settle_outbox(uuid, uuid, boolean)
to telephony_worker;
