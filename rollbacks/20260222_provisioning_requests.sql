-- Forgets the requests.
--
-- loses: public.provisioning_requests rows — nothing recreates them; numbers bought stay

-- Their trigger lets the numbers rest that were being bought.
delete from public.provisioning_requests
where pinned_number is not null and state in ('queued', 'running');

drop table public.provisioning_requests;

drop function private.let_go_of_the_pinned_number();
