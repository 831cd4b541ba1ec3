-- depends: 20260214_credential_number
-- transactional: false
--
-- A credential's number is E.164, and its account is a Twilio account.
--
-- The pattern itself stands in the domain e164; a column of that type would have meant
-- rewriting the table. What was written in another form meanwhile is listed first.
--
-- Locks: an exclusive lock on org_credentials for an instant; validation stops neither
-- reads nor writes.
-- Duration: two scans of org_credentials.
-- Rollback: loses nothing.

-- Until it has been told, the planner takes the new columns to be full everywhere, and
-- reads the whole table through an index. Not of an empty table: it would be scanned, by
-- plans that sessions keep while it grows.
do $$
begin
    if exists (select from public.org_credentials) then
        analyze public.org_credentials (
            phone_number, account_sid, can_inbound, can_outbound
        );
    end if;
end
$$;

do $$
declare
    offenders text;
begin
    select
        string_agg(
            format(
                'credential %s of %s, %s: number %L, account %L',
                c.id,
                c.org_id,
                c.provider,
                left(c.phone_number, 20),
                left(c.account_sid, 10)
            ),
            e'\n' order by c.org_id, c.id
        )
    into offenders
    from public.org_credentials as c
    where
        c.phone_number !~ '^\+[1-9][0-9]{6,14}$'
        or c.account_sid !~ '^AC[0-9a-f]{32}$'
        or (c.phone_number is not null and c.provider not in ('twilio', 'vapi'));

    if offenders is not null then
        raise exception using
            errcode = 'check_violation',
            message = 'credentials whose number or account is of another form',
            detail = offenders,
            hint = 'Correct them as the provider has them, then apply again.';
    end if;
end
$$;

alter table public.org_credentials
add constraint phone_number_is_e164
check (phone_number is null or phone_number::public.e164 is not null) not valid,
add constraint account_sid_is_an_account
check (account_sid ~ '^AC[0-9a-f]{32}$') not valid,
add constraint only_telephony_has_a_number
check (phone_number is null or provider in ('twilio', 'vapi')) not valid;

-- Together, so that one scan serves them all.
alter table public.org_credentials
validate constraint phone_number_is_e164,
validate constraint account_sid_is_an_account,
validate constraint only_telephony_has_a_number;

comment on constraint phone_number_is_e164 on public.org_credentials is
'Calls are routed by comparing digits, so there is one spelling of a number.';

comment on constraint account_sid_is_an_account on public.org_credentials is
'SIDs of numbers (PN) and keys (SK) are mistaken for it.';

comment on constraint only_telephony_has_a_number on public.org_credentials is
'A calendar or a mailbox cannot be called.';
