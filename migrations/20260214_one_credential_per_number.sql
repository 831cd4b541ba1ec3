-- depends: 20260214_credential_number_form
-- transactional: false
--
-- An organization has one active credential for each of its numbers.
--
-- A second one would make it a matter of luck which account a call goes through. Calls
-- are routed by this index. Numbers with several are listed first.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials, after one scan of them.
-- Rollback: loses nothing.

do $$
declare
    conflicts text;
begin
    select
        string_agg(
            format('%s of %s has %s', d.phone_number, d.org_id, d.credentials),
            e'\n' order by d.org_id, d.phone_number
        )
    into conflicts
    from (
        select
            c.org_id,
            c.phone_number,
            string_agg(c.id::text, ', ' order by c.id) as credentials
        from public.org_credentials as c
        where c.is_active and c.phone_number is not null
        group by c.org_id, c.phone_number
        having count(*) > 1
    ) as d;

    if conflicts is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'numbers with more than one active credential',
            detail = conflicts,
            hint = 'Switch off all but one of each, then apply again.';
    end if;
end
$$;

create unique index concurrently idx_org_credentials_one_active_per_number
on public.org_credentials (org_id, phone_number)
where is_active and phone_number is not null;
