-- Drops the index without stopping reads or writes.

drop index concurrently public.idx_twilio_subaccounts_key_version_sealed;
