-- depends: 20260220_managed_credentials_have_a_number
--
-- An active managed number has its credential, and an active managed credential has its
-- number, at every commit.
--
-- Two programs used to write the two halves in two calls, and the failure of the second
-- was swallowed. Now half a pair is refused at commit, whoever writes it. Numbers and
-- credentials without their other half are listed first: the backfill
-- managed-credentials makes the missing credentials.
--
-- Locks: managed_phone_numbers and org_credentials can be read but not written for an
-- instant, at the end; what is written between the list and that instant, the check
-- after the change finds.
-- Duration: about a second for each million managed numbers.
-- Rollback: loses nothing.

do $$
declare
    halves text;
begin
    select
        string_agg(
            format('%s of %s has no %s', h.phone_number, h.org_id, h.missing),
            e'\n' order by h.org_id, h.phone_number
        )
    into halves
    from (
        select
            coalesce(n.org_id, c.org_id) as org_id,
            coalesce(n.phone_number, c.phone_number) as phone_number,
            case when c.org_id is null then 'credential' else 'number' end as missing
        from (
            select
                m.org_id,
                m.phone_number
            from public.managed_phone_numbers as m
            where m.status = 'active'
        ) as n
        full join (
            select
                o.org_id,
                o.phone_number
            from public.org_credentials as o
            where o.is_managed and o.is_active
        ) as c
            on
                n.org_id = c.org_id
                and n.phone_number = c.phone_number
        where n.org_id is null or c.org_id is null
    ) as h;

    if halves is not null then
        raise exception using
            errcode = 'foreign_key_violation',
            message = 'managed numbers and credentials without their other half',
            detail = halves,
            hint = 'Run `trunkline backfill managed-credentials`, look at its errors, '
            'then apply again.';
    end if;
end
$$;

create function private.keep_pair(org_id uuid, phone_number text)
returns void
language plpgsql
set search_path = ''
as $$
declare
    has_number boolean;
    has_credential boolean;
begin
    -- The locks make another transaction that takes away the other half wait, and then
    -- find this half alone.
    perform
    from public.managed_phone_numbers as n
    where
        n.org_id = keep_pair.org_id
        and n.phone_number = keep_pair.phone_number
        and n.status = 'active'
    for share;

    has_number := found;

    perform
    from public.org_credentials as c
    where
        c.org_id = keep_pair.org_id
        and c.phone_number = keep_pair.phone_number
        and c.is_managed
        and c.is_active
    for share;

    has_credential := found;

    if has_number <> has_credential then
        perform private.refuse(
            'half_a_pair',
            format(
                '%s of %s has no active %s',
                keep_pair.phone_number,
                keep_pair.org_id,
                case when has_number then 'credential' else 'number' end
            )
        );
    end if;
end
$$;

comment on function private.keep_pair(uuid, text) is
'Refuses a managed number without its credential, and the reverse. '
'That there is one of each at most, two unique indexes say.';

create function private.keep_pair_of_number()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op <> 'INSERT' then
        perform private.keep_pair(old.org_id, old.phone_number);
    end if;

    if tg_op <> 'DELETE' then
        perform private.keep_pair(new.org_id, new.phone_number);
    end if;

    return null;
end
$$;

comment on function private.keep_pair_of_number() is
'Looks for the credential of a managed number at commit.';

create constraint trigger number_has_its_credential
after insert or delete or update of status, phone_number
on public.managed_phone_numbers
deferrable initially deferred
for each row execute function private.keep_pair_of_number();

comment on trigger number_has_its_credential on public.managed_phone_numbers is
'A number without its credential cannot be called from; half a dual write.';

create function private.keep_pair_of_credential()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op <> 'INSERT' and old.is_managed then
        perform private.keep_pair(old.org_id, old.phone_number);
    end if;

    if tg_op <> 'DELETE' and new.is_managed then
        perform private.keep_pair(new.org_id, new.phone_number);
    end if;

    return null;
end
$$;

comment on function private.keep_pair_of_credential() is
'Looks for the number of a managed credential at commit.';

create constraint trigger credential_has_its_number
after insert or delete or update of is_active, phone_number
on public.org_credentials
deferrable initially deferred
for each row execute function private.keep_pair_of_credential();

comment on trigger credential_has_its_number on public.org_credentials is
'A managed credential without its number is offered and cannot be used; '
'half a dual write.';
