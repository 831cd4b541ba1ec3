-- depends: 20260216_subaccounts_sealed_form
-- transactional: false
--
-- The nonce of a sealed credential is its own.
--
-- A value that is copied to another row brings its nonce along, and is refused. The
-- index spans the organizations, since in the form of before a copy would open anywhere.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create unique index concurrently idx_org_credentials_nonce
on public.org_credentials ((
    case
        when encrypted_config like 'v2:%'
            then split_part(encrypted_config, ':', 3)
        else lower(split_part(encrypted_config, ':', 1))
    end
));
