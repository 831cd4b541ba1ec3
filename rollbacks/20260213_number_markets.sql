-- Forgets where we sell phone numbers.
--
-- loses: public.number_markets rows — the migration makes the first ones again

drop table public.number_markets;
