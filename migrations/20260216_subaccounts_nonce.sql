-- depends: 20260216_credentials_nonce
-- transactional: false
--
-- The nonce of a sealed token is its own.
--
-- A value that is copied to another row brings its nonce along, and is refused. The
-- index spans the organizations, since in the form of before a copy would open anywhere.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million subaccounts.
-- Rollback: loses nothing.

create unique index concurrently idx_twilio_subaccounts_nonce
on public.twilio_subaccounts ((
    case
        when twilio_auth_token_encrypted like 'v2:%'
            then split_part(twilio_auth_token_encrypted, ':', 3)
        else lower(split_part(twilio_auth_token_encrypted, ':', 1))
    end
));
