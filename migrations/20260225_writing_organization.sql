-- depends: 20260224_routing
--
-- Who may write for an organization: whoever is its member now.
--
-- A token outlives a membership, so every write looks the membership up again. The
-- organization is the one of the claims; no function takes it as an argument. Writes of
-- one organization come one after another, so they never wait for each other in a ring.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function private.current_user_id()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
    return (
        nullif(current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb
        ->> 'sub'
    )::pg_catalog.uuid;
exception
    -- Whatever is the matter with the claims, they name nobody.
    when data_exception or program_limit_exceeded then
        return null;
end
$$;

comment on function private.current_user_id() is
'The user that the claims of this session name; null when they name none.';

create function private.writing_org_id()
returns uuid
language plpgsql
set search_path = ''
as $$
declare
    this_org_id pg_catalog.uuid := private.current_org_id();
    member_role pg_catalog.text;
begin
    if this_org_id is null then
        perform private.refuse('no_organization');
    end if;

    perform
    from public.organizations as o
    where o.id = this_org_id
    for no key update;

    -- After the lock: whoever waited for it may have been removed meanwhile. Whoever
    -- removes a member waits for what that member has begun.
    select m.role into member_role
    from public.user_org_roles as m
    where m.user_id = private.current_user_id() and m.org_id = this_org_id
    for share;

    if member_role is null then
        perform private.refuse('not_a_member');
    elsif member_role = 'viewer' then
        perform private.refuse('role_may_not_write');
    end if;

    return this_org_id;
end
$$;

comment on function private.writing_org_id() is
'The organization of the claims, if the user of the claims may write for it, '
'locked until the end of the transaction; else refuses.';
