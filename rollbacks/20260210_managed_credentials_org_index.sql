-- Drops the index without stopping reads or writes.

drop index concurrently public.idx_org_credentials_any_of_org;
