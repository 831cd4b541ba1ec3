-- Forgets what was done at the provider.
--
-- loses: public.provider_operations rows — the provider's own records remain

drop table public.provider_operations;
