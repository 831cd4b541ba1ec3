-- Forgets what has not been told yet.
--
-- loses: public.outbox rows — nothing recreates them; deliver what waits first

drop table public.outbox;
