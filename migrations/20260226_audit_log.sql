-- depends: 20260225_assign_phone_number
--
-- What happened is written down, and whoever changes it afterwards is found out.
--
-- Each event of an organization carries the hash of the one before, and a head row
-- carries the last. So an event that is edited, taken out or cut off at the end shows:
-- audit.verify_chain() names the first that is wrong. Sealed values are not written
-- down, only a fingerprint of each, which tells that one has changed.
--
-- Locks: none that anyone could notice; the next change sets the triggers.
-- Duration: milliseconds.
-- Rollback: loses the events.

create table audit.events (
    org_id uuid not null,
    seq bigint not null,
    at timestamptz not null,
    actor uuid,
    actor_role name not null,
    subject text not null,
    action text not null,
    row_key jsonb not null,
    changes jsonb not null,
    previous_hash bytea not null,
    hash bytea not null,
    constraint events_pkey primary key (org_id, seq),
    constraint action_is_known check (action in ('insert', 'update', 'delete')),
    constraint events_count_from_one check (seq >= 1)
);

comment on table audit.events is
'Every change of a credential, number, subaccount, assignment, flag or data key.';

comment on column audit.events.org_id is
'The organization, also when it is gone; all zeros: a flag for everybody.';

comment on column audit.events.seq is
'Counts from 1 in each organization, without gaps.';

comment on column audit.events.actor is
'The user of the claims; null: nobody who signed in.';

comment on column audit.events.actor_role is
'The role that the session had taken on.';

comment on column audit.events.row_key is
'The row: its primary key, or what stands for it.';

comment on column audit.events.changes is
'The row at insert and delete; at update the columns that changed, each with its value '
'before and after. Sealed values are fingerprints.';

comment on column audit.events.previous_hash is
'The hash of the event before; empty for the first.';

comment on column audit.events.hash is
'SHA-256 over previous_hash and everything else in the row.';

create table audit.heads (
    org_id uuid not null,
    seq bigint not null,
    hash bytea not null,
    constraint heads_pkey primary key (org_id)
);

comment on table audit.heads is
'The last event of each organization: a tail that is cut off is missed here.';

alter table audit.events enable row level security;
alter table audit.events force row level security;
alter table audit.heads enable row level security;
alter table audit.heads force row level security;

create policy events_auditor on audit.events
for select
to telephony_auditor
using (true);

comment on policy events_auditor on audit.events is
'The auditor reads the events of all organizations.';

create policy events_owner on audit.events
for all
to current_user
using (true)
with check (true);

comment on policy events_owner on audit.events is
'The function that writes events runs as the owner.';

create policy heads_auditor on audit.heads
for select
to telephony_auditor
using (true);

comment on policy heads_auditor on audit.heads is
'The auditor compares the heads with the events.';

create policy heads_owner on audit.heads
for all
to current_user
using (true)
with check (true);

comment on policy heads_owner on audit.heads is
'The function that writes events runs as the owner.';

grant select on table audit.events, audit.heads to telephony_auditor;

create function audit.event_hash(event audit.events)
returns bytea
language sql
immutable
set search_path = ''
return sha256(
    ($1).previous_hash
    || convert_to(
        jsonb_build_array(
            ($1).org_id,
            ($1).seq,
            extract(epoch from ($1).at),
            ($1).actor,
            ($1).actor_role,
            ($1).subject,
            ($1).action,
            ($1).row_key,
            ($1).changes
        )::text,
        'UTF8'
    )
);

comment on function audit.event_hash(audit.events) is
'The hash that an event must carry.';

grant execute on function audit.event_hash(audit.events) to telephony_auditor;

create function audit.verify_chain(org_id uuid)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
declare
    event audit.events;
    head audit.heads;
    expected_seq bigint := 1::bigint;
    expected_hash pg_catalog.bytea := ''::pg_catalog.bytea;
begin
    for event in
        select e.*
        from audit.events as e
        where e.org_id = verify_chain.org_id
        order by e.seq
    loop
        if
            event.seq <> expected_seq
            or event.previous_hash <> expected_hash
            or event.hash <> audit.event_hash(event)
        then
            return expected_seq;
        end if;

        expected_seq := event.seq + 1;
        expected_hash := event.hash;
    end loop;

    select h.* into head
    from audit.heads as h
    where h.org_id = verify_chain.org_id;

    if
        coalesce(head.seq, 0) <> expected_seq - 1
        or coalesce(head.hash, '') <> expected_hash
    then
        return least(expected_seq, coalesce(head.seq, 0) + 1);
    end if;

    return null;
end
$$;

comment on function audit.verify_chain(uuid) is
'The first event of the organization that is edited, missing or one too many; '
'null: the chain is whole.';

grant execute on function audit.verify_chain(uuid) to telephony_auditor;

create trigger append_only
before update or delete on audit.events
for each row execute function private.refuse_row('history_is_fixed');

comment on trigger append_only on audit.events is
'Events are added, and nothing else.';

create trigger append_only_whole
before truncate on audit.events
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger append_only_whole on audit.events is
'A truncated history is no history.';

create trigger moves_on
before update on audit.heads
for each row
when (new.org_id <> old.org_id or new.seq <= old.seq)
execute function private.refuse_row('history_is_fixed');

comment on trigger moves_on on audit.heads is
'A head moves on with the events, never back.';

create trigger stays
before delete on audit.heads
for each row execute function private.refuse_row('history_is_fixed');

comment on trigger stays on audit.heads is
'Without its head a chain could be cut.';

create trigger stays_whole
before truncate on audit.heads
for each statement execute function private.refuse_row('history_is_fixed');

comment on trigger stays_whole on audit.heads is
'Without its head a chain could be cut.';

-- Always: session_replication_role does not switch them off.
alter table audit.events enable always trigger append_only;
alter table audit.events enable always trigger append_only_whole;
alter table audit.heads enable always trigger moves_on;
alter table audit.heads enable always trigger stays;
alter table audit.heads enable always trigger stays_whole;

create function private.redact(facts jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    sealed pg_catalog.text;
begin
    foreach sealed in array array[
        'encrypted_config', 'twilio_auth_token_encrypted', 'wrapped'
    ] loop
        if facts ->> sealed is not null then
            facts := jsonb_set(
                facts,
                array[sealed],
                to_jsonb(
                    'sealed, '
                    || left(
                        encode(sha256(convert_to(facts ->> sealed, 'UTF8')), 'hex'), 16
                    )
                )
            );
        end if;
    end loop;

    return facts;
end
$$;

comment on function private.redact(jsonb) is
'A row without its sealed values: of each only the beginning of its SHA-256.';

create function private.row_key(subject name, facts jsonb)
returns jsonb
language sql
immutable
set search_path = ''
return case $1
    when 'agent_phone_assignments'
        then jsonb_build_object(
            'agent_id', $2 -> 'agent_id', 'direction', $2 -> 'direction'
        )
    when 'org_data_keys' then jsonb_build_object('version', $2 -> 'version')
    else jsonb_build_object('id', $2 -> 'id')
end;

comment on function private.row_key(name, jsonb) is
'What stands for a row of this table: its key within the organization.';

create function private.record_event()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    event audit.events;
    former pg_catalog.jsonb := case
        when tg_op <> 'INSERT' then private.redact(to_jsonb(old))
    end;
    latter pg_catalog.jsonb := case
        when tg_op <> 'DELETE' then private.redact(to_jsonb(new))
    end;
    facts pg_catalog.jsonb := coalesce(latter, former);
begin
    if tg_op = 'UPDATE' then
        select jsonb_object_agg(l.key, jsonb_build_array(former -> l.key, l.value))
        into event.changes
        from jsonb_each(latter) as l
        where former -> l.key is distinct from l.value;

        if event.changes is null then
            return null;
        end if;
    else
        event.changes := facts;
    end if;

    event.org_id := coalesce(
        (facts ->> 'org_id')::pg_catalog.uuid, '00000000-0000-0000-0000-000000000000'
    );
    event.at := now();
    event.actor := private.current_user_id();
    event.actor_role := private.caller();
    event.subject := tg_table_name::pg_catalog.text;
    event.action := lower(tg_op);
    event.row_key := private.row_key(tg_table_name, facts);

    -- The head is the lock: the events of an organization come one after another.
    loop
        select
            h.seq + 1,
            h.hash
        into event.seq, event.previous_hash
        from audit.heads as h
        where h.org_id = event.org_id
        for no key update;

        exit when found;

        insert into audit.heads as h (org_id, seq, hash)
        values (event.org_id, 0, '')
        on conflict on constraint heads_pkey do nothing;
    end loop;

    event.hash := audit.event_hash(event);

    insert into audit.events
    select (event).*;

    update audit.heads as h
    set
        seq = event.seq,
        hash = event.hash
    where h.org_id = event.org_id;

    return null;
end
$$;

comment on function private.record_event() is
'Adds what happened to the chain of the organization, without sealed values.';

create function private.next_hash(hash bytea, event audit.events)
returns bytea
language sql
immutable
set search_path = ''
return audit.event_hash(
    row(
        ($2).org_id,
        ($2).seq,
        ($2).at,
        ($2).actor,
        ($2).actor_role,
        ($2).subject,
        ($2).action,
        ($2).row_key,
        ($2).changes,
        coalesce($1, ($2).previous_hash),
        null
    )::audit.events
);

comment on function private.next_hash(bytea, audit.events) is
'The hash of an event behind the one with this hash; null: it is where it says it is.';

create aggregate private.chained (event audit.events)(
    sfunc = private.next_hash,
    stype = bytea
);

comment on aggregate private.chained (audit.events) is
'The hash of each event of an organization, taken over its new events in their order: '
'the first stands behind the head, as it says, each other behind the one before.';

create function private.record_inserts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    user_id pg_catalog.uuid := private.current_user_id();
    caller pg_catalog.name := private.caller();
begin
    -- Heads are taken in the order of the organizations, so that two statements that
    -- write for the same ones wait for each other and not both.
    insert into audit.heads as h (org_id, seq, hash)
    select distinct
        i.org_id,
        0,
        ''::pg_catalog.bytea
    from inserted as i
    order by i.org_id
    on conflict on constraint heads_pkey do nothing;

    with facts as (
        select
            i.org_id,
            private.redact(to_jsonb(i)) as changes,
            row_number() over () as place
        from inserted as i
        order by i.org_id, place
    ),

    counted as (
        select
            f.org_id,
            f.place,
            f.changes,
            private.row_key(tg_table_name, f.changes) as row_key,
            h.seq + row_number() over event_order as seq,
            h.hash as head_hash
        from facts as f
        cross join
            -- One look-up for each event, whatever the planner takes the sizes to be.
            lateral (
                select
                    t.seq,
                    t.hash
                from audit.heads as t
                where t.org_id = f.org_id
                for no key update
            ) as h
        window event_order as (partition by f.org_id order by f.place)
    ),

    hashed as (
        select
            c.*,
            private.chained(
                row(
                    c.org_id,
                    c.seq,
                    now(),
                    user_id,
                    caller,
                    tg_table_name,
                    'insert',
                    c.row_key,
                    c.changes,
                    c.head_hash,
                    null
                )::audit.events
            ) over event_order as hash
        from counted as c
        window event_order as (partition by c.org_id order by c.place)
    ),

    written as (
        insert into audit.events as e
        select
            h.org_id,
            h.seq,
            now(),
            user_id,
            caller,
            tg_table_name,
            'insert',
            h.row_key,
            h.changes,
            coalesce(lag(h.hash) over event_order, h.head_hash),
            h.hash
        from hashed as h
        window event_order as (partition by h.org_id order by h.place)
        returning e.org_id, e.seq, e.hash
    )

    insert into audit.heads as h (org_id, seq, hash)
    select distinct on (w.org_id)
        w.org_id,
        w.seq,
        w.hash
    from written as w
    order by w.org_id asc, w.seq desc
    on conflict on constraint heads_pkey do update
    set
        seq = excluded.seq,
        hash = excluded.hash;

    return null;
end
$$;

comment on function private.record_inserts() is
'Adds the rows that a statement has inserted to the chains of their organizations, all '
'at once and without sealed values.';
