-- depends: 20260224_routing
--
-- Who may write for an organization: whoever is its member now.
--
-- A token outlives a membership, so every write looks the membership up again. The
-- organization is the one of the claims; no function takes it as an argument.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function private.writing_org_id()
returns uuid
language plpgsql
set search_path = ''
as $$
declare
    this_org_id uuid := private.current_org_id();
    this_user_id uuid;
    member_role text;
begin
    if this_org_id is null then
        perform private.refuse('no_organization');
    end if;

    begin
        this_user_id := current_setting('request.jwt.claims', true)::jsonb ->> 'sub';
    exception
        when invalid_text_representation then
            -- Claims without a proper user belong to no member.
            this_user_id := null;
    end;

    select m.role into member_role
    from public.user_org_roles as m
    where m.user_id = this_user_id and m.org_id = this_org_id;

    if member_role is null then
        perform private.refuse('not_a_member');
    elsif member_role = 'viewer' then
        perform private.refuse('role_may_not_write');
    end if;

    return this_org_id;
end
$$;

comment on function private.writing_org_id() is
'The organization of the claims, if the user of the claims may write for it; '
'else refuses.';
