{depends}-- {title}.
--
-- Why, in the language of the business.
--
-- Locks: which, on what, for how long.
-- Duration: how long, on how many rows.
-- Rollback: what it loses; write `-- loses:` lines in the rollback for it.

