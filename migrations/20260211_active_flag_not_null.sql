-- depends: 20260211_active_flag_filled
-- transactional: false
--
-- A credential must say whether it is active.
--
-- In four steps, since each by itself is short: the check holds for new rows, then it
-- is validated while the application writes, then NOT NULL takes the check's word for
-- it and needs no scan, then the check has done its work.
--
-- Locks: an exclusive lock on org_credentials for an instant, three times; validation
-- stops neither reads nor writes.
-- Duration: one scan of org_credentials.
-- Rollback: loses nothing.

alter table public.org_credentials
add constraint is_active_is_known check (is_active is not null) not valid;

alter table public.org_credentials
validate constraint is_active_is_known;

alter table public.org_credentials
alter column is_active set not null;

alter table public.org_credentials
drop constraint is_active_is_known;
