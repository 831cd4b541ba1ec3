-- depends: 20260217_identity_is_fixed
-- transactional: false
--
-- A managed number is E.164.
--
-- Calls are routed by comparing digits. Numbers of another form are listed first.
--
-- Locks: an exclusive lock on managed_phone_numbers for an instant; validation stops
-- neither reads nor writes.
-- Duration: two scans of managed_phone_numbers.
-- Rollback: loses nothing.

do $$
declare
    offenders text;
begin
    select
        string_agg(
            format('%s of %s, %s', n.phone_number, n.org_id, n.status),
            e'\n' order by n.org_id, n.phone_number
        )
    into offenders
    from public.managed_phone_numbers as n
    where n.phone_number !~ '^\+[1-9][0-9]{6,14}$';

    if offenders is not null then
        raise exception using
            errcode = 'check_violation',
            message = 'managed numbers that are not E.164',
            detail = offenders,
            hint = 'Correct the digits as Twilio has them, then apply again.';
    end if;
end
$$;

alter table public.managed_phone_numbers
add constraint phone_number_is_e164
check (phone_number::public.e164 is not null) not valid;

alter table public.managed_phone_numbers
validate constraint phone_number_is_e164;

comment on constraint phone_number_is_e164 on public.managed_phone_numbers is
'Calls are routed by comparing digits, so there is one spelling of a number.';
