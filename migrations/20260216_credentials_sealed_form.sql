-- depends: 20260215_subaccounts_key_version_index
-- transactional: false
--
-- A credential is sealed in a known form, under a key of its organization.
--
-- Two forms are known: the one of before (hex, iv:authTag:content, 12 and 16 bytes and
-- any number of them) and v2, which names its key. What is neither was never sealed.
-- Offenders are listed first, ids only. Digits are counted outside of the pattern of
-- before: in it, they cost six times as much. And no value is held against the pattern
-- of a form that it has not.
--
-- Locks: an exclusive lock on org_credentials for an instant; validation stops
-- neither reads nor writes.
-- Duration: five scans of org_credentials, about 8 seconds for each million.
-- Rollback: loses nothing.

do $$
declare
    offenders text;
begin
    select string_agg(format('credential %s of %s', t.id, t.org_id), e'\n' order by t.id)
    into offenders
    from public.org_credentials as t
    where
        octet_length(t.encrypted_config) > 65536
        or not case
            when t.encrypted_config like 'v2:%'
                then
                    t.encrypted_config
                    ~ '^v2:[1-9][0-9]{0,8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}$'
            else
                t.encrypted_config
                ~ '^[0-9A-Fa-f]+:[0-9A-Fa-f]+:[0-9A-Fa-f]*$'
                and strpos(t.encrypted_config, ':') = 25
                and substr(t.encrypted_config, 58, 1) = ':'
                and octet_length(t.encrypted_config) % 2 = 0
        end;

    if offenders is not null then
        raise exception using
            errcode = 'check_violation',
            message = 'credentials that are not sealed in a known form',
            detail = offenders,
            hint = 'Seal them or delete them, then apply again.';
    end if;

    select
        string_agg(
            format('credential %s of %s, version %s', t.id, t.org_id, t.key_version),
            e'\n' order by t.id
        )
    into offenders
    from public.org_credentials as t
    where
        t.key_version is distinct from case
            when t.encrypted_config like 'v2:%'
                then
                    substring(t.encrypted_config from '^v2:([1-9][0-9]{0,8}):')::integer
        end;

    if offenders is not null then
        raise exception using
            errcode = 'check_violation',
            message = 'credentials that name another key version than the sealed one',
            detail = offenders,
            hint = 'Write the version of the sealed value, then apply again.';
    end if;

    select
        string_agg(
            format('credential %s of %s, key %s', t.id, t.org_id, t.key_version),
            e'\n' order by t.id
        )
    into offenders
    from public.org_credentials as t
    where
        t.key_version is not null
        and not exists (
            select
            from public.org_data_keys as k
            where k.org_id = t.org_id and k.version = t.key_version
        );

    if offenders is not null then
        raise exception using
            errcode = 'foreign_key_violation',
            message = 'credentials under a key that does not exist',
            detail = offenders,
            hint = 'Seal them anew, or delete them, then apply again.';
    end if;
end
$$;

alter table public.org_credentials
add constraint sealed_in_a_known_form check (
    octet_length(encrypted_config) <= 65536
    and case
        when encrypted_config like 'v2:%'
            then
                encrypted_config
                ~ '^v2:[1-9][0-9]{0,8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}$'
        else
            encrypted_config
            ~ '^[0-9A-Fa-f]+:[0-9A-Fa-f]+:[0-9A-Fa-f]*$'
            and strpos(encrypted_config, ':') = 25
            and substr(encrypted_config, 58, 1) = ':'
            and octet_length(encrypted_config) % 2 = 0
    end
) not valid,
add constraint key_version_is_the_sealed_one check (
    key_version is not distinct from case
        when encrypted_config like 'v2:%'
            then substring(encrypted_config from '^v2:([1-9][0-9]{0,8}):')::integer
    end
) not valid,
add constraint sealed_under_a_key_of_the_org
foreign key (org_id, key_version)
references public.org_data_keys (org_id, version) not valid;

-- Together, so that one scan serves both checks.
alter table public.org_credentials
validate constraint sealed_in_a_known_form,
validate constraint key_version_is_the_sealed_one,
validate constraint sealed_under_a_key_of_the_org;

comment on constraint sealed_in_a_known_form on public.org_credentials is
'Nothing that was not sealed gets in, and nothing larger than 64 kB.';

comment on constraint key_version_is_the_sealed_one on public.org_credentials is
'The column repeats what the sealed value says, for indexes and the foreign key.';

comment on constraint sealed_under_a_key_of_the_org on public.org_credentials is
'A value under a key that does not exist would never open.';

-- Until it has been told, the planner takes the new column to be full everywhere. Not of an
-- empty table: it would be scanned, by plans that sessions keep while it grows.
do $$
begin
    if exists (select from public.org_credentials) then
        analyze public.org_credentials (key_version);
    end if;
end
$$;
