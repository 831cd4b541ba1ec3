-- Forgets the requests.
--
-- loses: public.provisioning_requests rows — nothing recreates them; numbers bought stay

drop table public.provisioning_requests;
