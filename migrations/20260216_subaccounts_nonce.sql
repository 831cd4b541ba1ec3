-- depends: 20260216_credentials_nonce
-- transactional: false
--
-- The nonce of a sealed token is its own.
--
-- A value that is copied to another row brings its nonce along, and is refused. The
-- index spans the organizations, since in the form of before a copy would open anywhere.
-- Copies are listed first, ids only.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million subaccounts, after one scan of them.
-- Rollback: loses nothing.

do $$
declare
    offenders text;
begin
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

create unique index concurrently idx_twilio_subaccounts_nonce
on public.twilio_subaccounts ((
    case
        when twilio_auth_token_encrypted like 'v2:%'
            then split_part(twilio_auth_token_encrypted, ':', 3)
        else lower(split_part(twilio_auth_token_encrypted, ':', 1))
    end
));
