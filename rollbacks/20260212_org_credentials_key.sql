-- Brings back the primary key of `org_credentials` on id alone.
--
-- Refuses first while several organizations use one id, and lists which.
--
-- Locks: an exclusive lock on org_credentials for an instant; the index is built concurrently.

do $$
declare
    shared text;
begin
    select
        string_agg(format('%s is in %s', d.id, d.organizations), e'\n' order by d.id)
    into shared
    from (
        select
            t.id,
            string_agg(t.org_id::text, ', ' order by t.org_id) as organizations
        from public.org_credentials as t
        group by t.id
        having count(*) > 1
    ) as d;

    if shared is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'ids of org_credentials that several organizations use',
            detail = shared,
            hint = 'Delete all rows but one of each, then roll back again.';
    end if;
end
$$;

create unique index concurrently org_credentials_id
on public.org_credentials (id);

alter table public.org_credentials
drop constraint org_credentials_pkey,
add constraint org_credentials_pkey
primary key using index org_credentials_id;
