-- Empties the table of held numbers; what comes to life later still takes its place.
--
-- loses: public.phone_numbers_held rows — filled again from numbers and credentials

delete from public.phone_numbers_held;
