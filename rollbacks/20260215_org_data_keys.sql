-- Throws the data keys away.
--
-- Roll back the resealed credentials first: what is sealed under a data key opens never
-- again once the key is gone.
--
-- loses: public.org_data_keys rows — nothing recreates a key

drop table public.org_data_keys;
