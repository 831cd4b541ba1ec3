-- Brings back one credential for each organization and provider.
--
-- Refuses, before it changes anything, while a managed row has no managed number to
-- recreate it from, or while the organizations' own rows do not fit under the old
-- constraint: nobody but the customer can say which secret to give up.
--
-- Locks: an exclusive lock on org_credentials for an instant; the index is built
-- concurrently.
-- Duration: about a second for each million credentials.
--
-- loses: public.org_credentials rows where is_managed — recreated by the backfill managed-credentials

do $$
declare
    offenders text;
    found_rows bigint;
begin
    select
        count(*),
        string_agg(
            format('credential %s of %s', c.id, c.org_id),
            e'\n' order by c.org_id, c.id
        )
    into found_rows, offenders
    from public.org_credentials as c
    where
        c.is_managed
        and not exists (
            select
            from public.managed_phone_numbers as n
            where
                n.org_id = c.org_id
                and (n.status = 'active') = coalesce(c.is_active, false)
        );

    if found_rows > 0 then
        raise exception using
            errcode = 'foreign_key_violation',
            message = format(
                'managed credentials without a managed number to recreate them from: %s',
                found_rows
            ),
            detail = offenders,
            hint = 'Delete these rows, or turn them into BYOC rows, then roll back again.';
    end if;

    select
        count(*),
        string_agg(
            format('%s has %s of %s', d.org_id, d.credentials, d.provider),
            e'\n' order by d.org_id, d.provider
        )
    into found_rows, offenders
    from (
        select
            c.org_id,
            c.provider,
            count(*) as credentials
        from public.org_credentials as c
        where not c.is_managed
        group by c.org_id, c.provider
        having count(*) > 1
    ) as d;

    if found_rows > 0 then
        raise exception using
            errcode = 'unique_violation',
            message = format(
                'organizations with several credentials of one provider: %s', found_rows
            ),
            detail = offenders,
            hint = 'Delete all but one credential of each, then roll back again.';
    end if;

    delete from public.org_credentials
    where is_managed;
end
$$;

comment on index public.idx_org_credentials_any_of_org is null;

comment on index public.idx_org_credentials_one_active_per_integration is null;

comment on index public.idx_org_credentials_one_managed_telephony_per_org is null;

comment on index public.idx_org_credentials_one_managed_per_org is null;

comment on index public.idx_org_credentials_managed is null;

comment on column public.org_credentials.is_managed is null;

create unique index concurrently unique_org_provider
on public.org_credentials (org_id, provider);

alter table public.org_credentials
add constraint unique_org_provider unique using index unique_org_provider;
