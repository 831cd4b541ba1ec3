-- depends: 20260216_credentials_sealed_form
-- transactional: false
--
-- The token of a subaccount is sealed in a known form, under a key of its organization.
--
-- Two forms are known: the one of before (hex, iv:authTag:content) and v2, which names
-- its key. What is neither was never sealed. The nonce of a value is its own, so the
-- same one twice is a copied value. Offenders are listed first, ids only.
--
-- Locks: an exclusive lock on twilio_subaccounts for an instant; validation stops
-- neither reads nor writes.
-- Duration: four scans of twilio_subaccounts.
-- Rollback: loses nothing.

do $$
declare
    offenders text;
begin
    select string_agg(format('subaccount %s of %s', t.id, t.org_id), e'\n' order by t.id)
    into offenders
    from public.twilio_subaccounts as t
    where
        length(t.twilio_auth_token_encrypted) > 65536
        or t.twilio_auth_token_encrypted !~ (
            '^(v2:[1-9][0-9]{0,8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}'
            '|[0-9A-Fa-f]{24}:[0-9A-Fa-f]{32}:(?:[0-9A-Fa-f]{2})*)$'
        );

    if offenders is not null then
        raise exception using
            errcode = 'check_violation',
            message = 'tokens that are not sealed in a known form',
            detail = offenders,
            hint = 'Seal them or delete them, then apply again.';
    end if;

    select string_agg(format('subaccount %s of %s', t.id, t.org_id), e'\n' order by t.id)
    into offenders
    from (
        select
            c.id,
            c.org_id,
            count(*) over (
                partition by
                    case
                        when c.twilio_auth_token_encrypted like 'v2:%'
                            then split_part(c.twilio_auth_token_encrypted, ':', 3)
                        else lower(split_part(c.twilio_auth_token_encrypted, ':', 1))
                    end
            ) as copies
        from public.twilio_subaccounts as c
    ) as t
    where t.copies > 1;

    if offenders is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'tokens that are copies of one another',
            detail = offenders,
            hint = 'Seal each anew, or delete all but one, then apply again.';
    end if;
end
$$;

alter table public.twilio_subaccounts
add constraint sealed_in_a_known_form check (
    length(twilio_auth_token_encrypted) <= 65536
    and twilio_auth_token_encrypted ~ (
        '^(v2:[1-9][0-9]{0,8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}'
        '|[0-9A-Fa-f]{24}:[0-9A-Fa-f]{32}:(?:[0-9A-Fa-f]{2})*)$'
    )
) not valid,
add constraint key_version_is_the_sealed_one check (
    key_version is not distinct from
    substring(twilio_auth_token_encrypted from '^v2:([1-9][0-9]{0,8}):')::integer
) not valid,
add constraint sealed_under_a_key_of_the_org
foreign key (org_id, key_version)
references public.org_data_keys (org_id, version) not valid;

alter table public.twilio_subaccounts
validate constraint sealed_in_a_known_form;

alter table public.twilio_subaccounts
validate constraint key_version_is_the_sealed_one;

alter table public.twilio_subaccounts
validate constraint sealed_under_a_key_of_the_org;

comment on constraint sealed_in_a_known_form on public.twilio_subaccounts is
'Nothing that was not sealed gets in, and nothing larger than 64 kB.';

comment on constraint key_version_is_the_sealed_one on public.twilio_subaccounts is
'The column repeats what the sealed value says, for indexes and the foreign key.';

comment on constraint sealed_under_a_key_of_the_org on public.twilio_subaccounts is
'A value under a key that does not exist would never open.';
