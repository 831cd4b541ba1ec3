-- Brings back the primary key of `agents` on id alone.
--
-- Refuses first while several organizations use one id, and lists which.
--
-- Locks: an exclusive lock on agents for an instant; the index is built concurrently.

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
        from public.agents as t
        group by t.id
        having count(*) > 1
    ) as d;

    if shared is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'ids of agents that several organizations use',
            detail = shared,
            hint = 'Delete all rows but one of each, then roll back again.';
    end if;
end
$$;

create unique index concurrently agents_id
on public.agents (id);

alter table public.agents
drop constraint agents_pkey,
add constraint agents_pkey
primary key using index agents_id;
