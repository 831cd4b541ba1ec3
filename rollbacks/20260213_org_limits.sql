-- Lets every organization use as much as it likes.
--
-- loses: public.org_limits rows — nothing recreates them; note them first

drop table public.org_limits;
