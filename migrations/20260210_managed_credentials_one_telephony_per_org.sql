-- depends: 20260210_managed_credentials_one_per_org
-- transactional: false
--
-- An organization has one active managed number, whatever the provider.
--
-- The rule stands here and nowhere else. Should it become "one for each direction", the
-- direction becomes a column of this index. Organizations with two are listed first.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials, after one scan of them.
-- Rollback: loses nothing.

do $$
declare
    conflicts text;
begin
    select
        string_agg(format('%s has %s', c.org_id, c.providers), e'\n' order by c.org_id)
    into conflicts
    from (
        select
            m.org_id,
            string_agg(m.provider, ', ' order by m.provider) as providers
        from public.org_credentials as m
        where m.is_managed and m.is_active
        group by m.org_id
        having count(*) > 1
    ) as c;

    if conflicts is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'organizations with more than one active managed credential',
            detail = conflicts,
            hint = 'Switch off all but one of each organization, then apply again.';
    end if;
end
$$;

create unique index concurrently idx_org_credentials_one_managed_telephony_per_org
on public.org_credentials (org_id)
where is_managed and is_active;
