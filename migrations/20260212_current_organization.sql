-- depends: 20260211_managed_only_for_telephony
--
-- Whose session this is: the organization that the signed claims name.
--
-- auth_org_id() fails on an empty claim, and can be led astray by a search path. Its
-- successor says null whenever the claims do not name an organization, and a null
-- organization sees nothing.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function private.current_org_id()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
    return (
        nullif(current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb
        -> 'app_metadata' ->> 'org_id'
    )::pg_catalog.uuid;
exception
    -- Whatever is the matter with the claims, they name nobody.
    when data_exception or program_limit_exceeded then
        return null;
end
$$;

comment on function private.current_org_id() is
'The organization that the claims of this session name; null when they name none, '
'and then every policy says no.';

grant execute on function private.current_org_id() to authenticated;

alter function public.set_updated_at()
set search_path = '';

comment on function public.set_updated_at() is
'Writes the time of the transaction into updated_at.';
