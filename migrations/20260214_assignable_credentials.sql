-- depends: 20260214_one_credential_per_number
-- transactional: false
--
-- What an agent's assignment points to: a credential, active, with its directions.
--
-- A foreign key on all five columns carries the rule that an agent never points to a
-- credential that is switched off or cannot do the direction.
--
-- Locks: none that stops reads or writes; waits for transactions that are older.
-- Duration: about a second for each million credentials.
-- Rollback: loses nothing.

create unique index concurrently idx_org_credentials_assignable
on public.org_credentials (
    org_id, id, is_active, can_inbound, can_outbound
);
