-- depends: 20260212_current_organization
-- transactional: false
--
-- Every agent belongs to an organization.
--
-- An agent without one can be seen by nobody and assigned nothing. Such rows are listed
-- first: only a person can say whose they are.
--
-- Locks: an exclusive lock on agents for an instant, three times; validation stops
-- neither reads nor writes.
-- Duration: two scans of agents.
-- Rollback: loses nothing.

do $$
declare
    homeless text;
begin
    select string_agg(format('agent %s (%s)', a.id, a.name), e'\n' order by a.id)
    into homeless
    from public.agents as a
    where a.org_id is null;

    if homeless is not null then
        raise exception using
            errcode = 'not_null_violation',
            message = 'agents without an organization',
            detail = homeless,
            hint = 'Give each an organization or delete it, then apply again.';
    end if;
end
$$;

alter table public.agents
add constraint agents_org_id_is_known check (org_id is not null) not valid;

alter table public.agents
validate constraint agents_org_id_is_known;

alter table public.agents
alter column org_id set not null;

alter table public.agents
drop constraint agents_org_id_is_known;
