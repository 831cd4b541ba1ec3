-- depends: 20260218_transitions
--
-- A number is held by one organization, and rests after it was given back.
--
-- The number itself is the key, so that two organizations can never have the same one
-- live. From here on every number that comes to life takes its place in this table; the
-- next change brings in those that live already.
--
-- Locks: managed_phone_numbers and org_credentials can be read but not written for an
-- instant.
-- Duration: milliseconds.
-- Rollback: loses who holds which number; it is filled again from the tables.

create table public.phone_numbers_held (
    phone_number public.e164 not null,
    org_id uuid not null,
    kind text not null,
    since timestamptz not null default now(),
    quarantined_until timestamptz,
    constraint phone_numbers_held_pkey primary key (phone_number),
    constraint held_kind_is_known check (kind in ('managed', 'byoc'))
);

create index idx_phone_numbers_held_org
on public.phone_numbers_held (org_id);

comment on table public.phone_numbers_held is
'Who holds which number: one row for each number, across all organizations. '
'No foreign key: a quarantine outlives the organization.';

comment on column public.phone_numbers_held.since is
'When the organization got the number.';

comment on column public.phone_numbers_held.quarantined_until is
'Null: held. Else given back, and nobody gets it before then, so that calls for the '
'former holder do not reach the next one.';

alter table public.phone_numbers_held enable row level security;
alter table public.phone_numbers_held force row level security;

create policy phone_numbers_held_service_role on public.phone_numbers_held
for all
to service_role, current_user
using (true)
with check (true);

comment on policy phone_numbers_held_service_role on public.phone_numbers_held is
'Only our own functions write here; a signed-in user must not even learn that '
'somebody else holds a number.';

grant select on table public.phone_numbers_held to service_role;

create function private.quarantine_period()
returns interval
language sql
immutable
set search_path = ''
return interval '30 days';

comment on function private.quarantine_period() is
'How long a managed number rests after its release.';

create function private.hold_number(phone_number text, org_id uuid, kind text)
returns void
language plpgsql
set search_path = ''
as $$
begin
    insert into public.phone_numbers_held as h (phone_number, org_id, kind)
    values (hold_number.phone_number, hold_number.org_id, hold_number.kind)
    on conflict on constraint phone_numbers_held_pkey do update
    set
        org_id = excluded.org_id,
        kind = excluded.kind,
        since = case
            when h.quarantined_until is null then h.since
            else excluded.since
        end,
        quarantined_until = null
    where
        h.quarantined_until <= now()
        or (
            h.quarantined_until is null
            and h.org_id = excluded.org_id
            and h.kind = excluded.kind
        );

    if not found then
        -- Whether it is held or rests, and by whom, is nobody's business.
        perform private.refuse('number_unavailable', hold_number.phone_number);
    end if;
end
$$;

comment on function private.hold_number(text, uuid, text) is
'Takes a number for an organization, or refuses without telling who has it.';

create function private.give_number_back(
    phone_number text, org_id uuid, quarantine interval
)
returns void
language plpgsql
set search_path = ''
as $$
begin
    if give_number_back.quarantine is null then
        delete from public.phone_numbers_held as h
        where
            h.phone_number = give_number_back.phone_number
            and h.org_id = give_number_back.org_id
            and h.quarantined_until is null;
    else
        update public.phone_numbers_held as h
        set quarantined_until = now() + give_number_back.quarantine
        where
            h.phone_number = give_number_back.phone_number
            and h.org_id = give_number_back.org_id
            and h.quarantined_until is null;
    end if;
end
$$;

comment on function private.give_number_back(text, uuid, interval) is
'Gives a number back: to rest for a while, or at once when quarantine is null.';

create function private.hold_managed_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    was_live boolean := tg_op <> 'INSERT' and old.status in ('provisioning', 'active');
    is_live boolean := tg_op <> 'DELETE' and new.status in ('provisioning', 'active');
begin
    if is_live and not was_live then
        perform private.hold_number(new.phone_number, new.org_id, 'managed');
    elsif was_live and not is_live then
        perform private.give_number_back(
            old.phone_number,
            old.org_id,
            case
                -- A purchase that failed never was our number.
                when tg_op = 'UPDATE' and new.status = 'failed' then null
                else private.quarantine_period()
            end
        );
    end if;

    return null;
end
$$;

comment on function private.hold_managed_number() is
'A live managed number is held; a released one rests.';

-- Triggers of one kind fire by name, and this one comes first: a number that cannot be
-- had is refused in its own words before anything else is made of the row.
create trigger a_live_number_is_held
after insert or delete or update of status on public.managed_phone_numbers
for each row execute function private.hold_managed_number();

comment on trigger a_live_number_is_held on public.managed_phone_numbers is
'No number is live in two organizations.';

create function private.hold_byoc_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    was_live boolean := tg_op <> 'INSERT'
    and not old.is_managed
    and old.is_active
    and old.phone_number is not null;
    is_live boolean := tg_op <> 'DELETE'
    and not new.is_managed
    and new.is_active
    and new.phone_number is not null;
begin
    if is_live and not was_live then
        perform private.hold_number(new.phone_number, new.org_id, 'byoc');
    elsif was_live and not is_live then
        perform private.give_number_back(old.phone_number, old.org_id, null);
    end if;

    return null;
end
$$;

comment on function private.hold_byoc_number() is
'An active number of the customer''s own is held; it goes free when it is '
'disconnected, since it stays the customer''s.';

create trigger a_live_number_is_held
after insert or delete or update of is_active, phone_number on public.org_credentials
for each row execute function private.hold_byoc_number();

comment on trigger a_live_number_is_held on public.org_credentials is
'No number is live in two organizations.';
