-- depends: 20260227_users_read_through_api
-- transactional: false
--
-- A name is a name, and not ten megabytes of text.
--
-- Names go into pages, messages and logs, and the names that providers have for a number
-- into indexes. Longer ones are listed first.
--
-- Locks: an exclusive lock on each table for an instant; validation stops neither reads
-- nor writes.
-- Duration: two scans of each table.
-- Rollback: loses nothing.

do $$
declare
    offenders text;
begin
    select string_agg(format('%s %s', n.subject, n.id), e'\n' order by n.subject, n.id)
    into offenders
    from (
        select
            'organization' as subject,
            o.id
        from public.organizations as o
        where length(o.name) > 200
        union all
        select
            'agent',
            a.id
        from public.agents as a
        where length(a.name) > 200
        union all
        select
            'subaccount',
            s.id
        from public.twilio_subaccounts as s
        where length(s.friendly_name) > 200
        union all
        select
            'number',
            m.id
        from public.managed_phone_numbers as m
        where
            length(m.twilio_phone_sid) > 200
            or length(m.vapi_phone_id) > 200
            or length(m.vapi_credential_id) > 200
    ) as n;

    if offenders is not null then
        raise exception using
            errcode = 'check_violation',
            message = 'names of more than 200 characters',
            detail = offenders,
            hint = 'Shorten them, then apply again.';
    end if;
end
$$;

alter table public.organizations
add constraint name_has_an_end check (length(name) <= 200) not valid;

alter table public.agents
add constraint name_has_an_end check (length(name) <= 200) not valid;

alter table public.twilio_subaccounts
add constraint name_has_an_end check (length(friendly_name) <= 200) not valid;

alter table public.managed_phone_numbers
add constraint names_have_an_end check (
    length(twilio_phone_sid) <= 200
    and length(vapi_phone_id) <= 200
    and length(vapi_credential_id) <= 200
) not valid;

alter table public.organizations
validate constraint name_has_an_end;

alter table public.agents
validate constraint name_has_an_end;

alter table public.twilio_subaccounts
validate constraint name_has_an_end;

alter table public.managed_phone_numbers
validate constraint names_have_an_end;
