-- depends: 20260219_backfill_rights
-- transactional: false
--
-- An active managed credential says which number it is for.
--
-- Without the number nobody could tell which half of a pair it is. Credentials that do
-- not say it are listed first.
--
-- Locks: an exclusive lock on org_credentials for an instant; validation stops neither
-- reads nor writes.
-- Duration: two scans of org_credentials.
-- Rollback: loses nothing.

do $$
declare
    offenders text;
begin
    select
        string_agg(
            format('credential %s of %s', c.id, c.org_id),
            e'\n' order by c.org_id, c.id
        )
    into offenders
    from public.org_credentials as c
    where c.is_managed and c.is_active and c.phone_number is null;

    if offenders is not null then
        raise exception using
            errcode = 'check_violation',
            message = 'active managed credentials without a number',
            detail = offenders,
            hint = 'They get it when they are sealed anew: run `trunkline backfill '
            'reseal-credentials`, look at its errors, then apply again.';
    end if;
end
$$;

alter table public.org_credentials
add constraint active_managed_has_a_number
check (phone_number is not null or not (is_managed and is_active)) not valid;

alter table public.org_credentials
validate constraint active_managed_has_a_number;

comment on constraint active_managed_has_a_number on public.org_credentials is
'A managed credential is one half of a pair; the number is what pairs it.';
