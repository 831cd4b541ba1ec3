-- depends: 20260216_subaccounts_sealed_form
-- transactional: false
--
-- The nonce of a sealed credential is its own.
--
-- A value that is copied to another row brings its nonce along, and is refused. The
-- index spans the organizations, since in the form of before a copy would open anywhere.
-- Copies are listed first, ids only.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials, after one scan of them.
-- Rollback: loses nothing.

do $$
declare
    offenders text;
begin
    select string_agg(format('credential %s of %s', t.id, t.org_id), e'\n' order by t.id)
    into offenders
    from (
        select
            c.id,
            c.org_id,
            count(*) over (
                partition by
                    case
                        when c.encrypted_config like 'v2:%'
                            then split_part(c.encrypted_config, ':', 3)
                        else lower(split_part(c.encrypted_config, ':', 1))
                    end
            ) as copies
        from public.org_credentials as c
    ) as t
    where t.copies > 1;

    if offenders is not null then
        raise exception using
            errcode = 'unique_violation',
            message = 'credentials that are copies of one another',
            detail = offenders,
            hint = 'Seal each anew, or delete all but one, then apply again.';
    end if;
end
$$;

create unique index concurrently idx_org_credentials_nonce
on public.org_credentials ((
    case
        when encrypted_config like 'v2:%'
            then split_part(encrypted_config, ':', 3)
        else lower(split_part(encrypted_config, ':', 1))
    end
));
