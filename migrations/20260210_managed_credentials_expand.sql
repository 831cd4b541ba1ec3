-- depends: 20260209_telephony_baseline
--
-- A credential says whether it is managed (ours) or the customer's own (BYOC).
--
-- The agent page offers both kinds of number in one dropdown, so both kinds live in one
-- table. First of all the conflict check: an organization with two active managed
-- numbers cannot be unified, and somebody must decide which number stays before
-- anything is built.
--
-- Locks: an exclusive lock on org_credentials for an instant. The default is kept in
-- the catalog, no row is rewritten, and the column is never null.
-- Duration: milliseconds, after one scan of the active managed numbers.
-- Rollback: deletes the managed rows; the backfill managed-credentials recreates them.

do $$
declare
    conflicts text;
    organizations bigint;
begin
    select
        count(*),
        string_agg(
            format('%s has %s: %s', c.org_id, c.numbers, c.list),
            e'\n' order by c.org_id
        )
    into organizations, conflicts
    from (
        select
            n.org_id,
            count(*) as numbers,
            string_agg(n.phone_number, ', ' order by n.phone_number) as list
        from public.managed_phone_numbers as n
        where n.status = 'active'
        group by n.org_id
        having count(*) > 1
    ) as c;

    if organizations > 0 then
        raise exception using
            errcode = 'unique_violation',
            message = format(
                'organizations with more than one active managed number: %s',
                organizations
            ),
            detail = conflicts,
            hint = 'Release all but one number of each organization, then apply again.';
    end if;
end
$$;

alter table public.org_credentials
add column is_managed boolean not null default false;
