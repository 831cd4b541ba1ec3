-- depends: 20260216_subaccounts_nonce
--
-- What is sealed anew is sealed under a key that lives; what is in use keeps its key.
--
-- A secret is never overwritten: sealing the same secret under another key changes the
-- version, so a new value under the same version is another secret and is refused.
-- Writers need not name the version; it is taken from the sealed value.
--
-- Locks: org_credentials, twilio_subaccounts and org_data_keys can be read but not
-- written for an instant.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function private.seal_under_a_living_key()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The tables call it differently, and a row has no field but its own.
    kept_in pg_catalog.text := case tg_table_name
        when 'org_credentials' then 'encrypted_config'
        else 'twilio_auth_token_encrypted'
    end;
    sealed pg_catalog.text := to_jsonb(new) ->> kept_in;
begin
    new.key_version := substring(sealed from '^v2:([1-9][0-9]{0,8}):')::integer;

    if
        tg_op = 'UPDATE'
        and new.key_version is not distinct from old.key_version
        and sealed is distinct from to_jsonb(old) ->> kept_in
    then
        perform private.refuse('secret_is_fixed', format('%s %s', tg_table_name, new.id));
    end if;

    if new.key_version is not null then
        -- The lock makes whoever destroys the key wait, and then see this value.
        perform
        from public.org_data_keys as k
        where
            k.org_id = new.org_id
            and k.version = new.key_version
            and k.state in ('active', 'retiring')
        for share;

        if not found then
            perform private.refuse(
                'key_is_destroyed', format('no living key %s', new.key_version)
            );
        end if;
    end if;

    return new;
end
$$;

comment on function private.seal_under_a_living_key() is
'Takes the key version from the sealed value and asks for the key; '
'runs as the owner, since whoever writes a credential need not see keys.';

create trigger sealed_under_a_living_key
before insert on public.org_credentials
for each row execute function private.seal_under_a_living_key();

comment on trigger sealed_under_a_living_key on public.org_credentials is
'A credential under a destroyed key would never open.';

create trigger resealed_under_a_living_key
before update on public.org_credentials
for each row
when (
    old.encrypted_config is distinct from new.encrypted_config
    or (new.is_active and not old.is_active)
)
execute function private.seal_under_a_living_key();

comment on trigger resealed_under_a_living_key on public.org_credentials is
'The only change of a secret is a change of its key; and what was off comes back only '
'under a key that lives, since a key is destroyed when nothing in use needs it.';

create trigger sealed_under_a_living_key
before insert on public.twilio_subaccounts
for each row execute function private.seal_under_a_living_key();

comment on trigger sealed_under_a_living_key on public.twilio_subaccounts is
'A token under a destroyed key would never open.';

create trigger resealed_under_a_living_key
before update on public.twilio_subaccounts
for each row
when (
    old.twilio_auth_token_encrypted is distinct from new.twilio_auth_token_encrypted
)
execute function private.seal_under_a_living_key();

comment on trigger resealed_under_a_living_key on public.twilio_subaccounts is
'The only change of a token is a change of its key.';

create function private.keep_keys_in_use()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if old.state = 'destroyed' then
        perform private.refuse(
            'key_is_destroyed', format('key %s of %s', old.version, old.org_id)
        );
    end if;

    if new.state in ('retired', 'destroyed') and (
        exists (
            select
            from public.org_credentials as c
            where
                c.org_id = old.org_id
                and c.key_version = old.version
                and (c.is_active or new.state = 'retired')
        )
        or exists (
            select
            from public.twilio_subaccounts as s
            where
                s.org_id = old.org_id
                and s.key_version = old.version
                and (s.status <> 'closed' or new.state = 'retired')
        )
    ) then
        perform private.refuse(
            'key_is_in_use', format('key %s of %s', old.version, old.org_id)
        );
    end if;

    return new;
end
$$;

comment on function private.keep_keys_in_use() is
'A destroyed key stays destroyed, a key in use is not destroyed, and a key that seals '
'anything at all is not retired.';

create trigger keys_in_use_are_kept
before update on public.org_data_keys
for each row
when (old.state is distinct from new.state or old.wrapped is distinct from new.wrapped)
execute function private.keep_keys_in_use();

comment on trigger keys_in_use_are_kept on public.org_data_keys is
'Destroying a key shuts away for ever what it seals; that must not be in use.';
