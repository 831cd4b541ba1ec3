-- Drops the index without stopping reads or writes.

drop index concurrently public.idx_managed_phone_numbers_one_live_per_number;
