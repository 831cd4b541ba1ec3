-- Takes away the difference between managed and BYOC credentials.
--
-- A managed row that no managed number stands behind could not be recreated, so it
-- stops the rollback: somebody must look at it.
--
-- Locks: an exclusive lock on org_credentials for an instant, after the delete.
--
-- loses: public.org_credentials rows where is_managed — recreated by the backfill managed-credentials

do $$
declare
    lonely text;
    rows bigint;
begin
    select
        count(*),
        string_agg(
            format('credential %s of %s', c.id, c.org_id),
            e'\n' order by c.org_id, c.id
        )
    into rows, lonely
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

    if rows > 0 then
        raise exception using
            errcode = 'foreign_key_violation',
            message = format(
                'managed credentials without a managed number to recreate them from: %s',
                rows
            ),
            detail = lonely,
            hint = 'Delete these rows, or turn them into BYOC rows, then roll back again.';
    end if;
end
$$;

delete from public.org_credentials
where is_managed;

alter table public.org_credentials
drop column is_managed;
