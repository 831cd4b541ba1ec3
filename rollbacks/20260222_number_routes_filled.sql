-- Empties the table; what changes later still gets its route.
--
-- loses: public.number_routes rows — made of the four tables again

truncate table public.number_routes;
