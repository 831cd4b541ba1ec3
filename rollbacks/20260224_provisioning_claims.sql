-- Leaves the requests where they are; nobody takes them.

drop function worker.reap_leases();

drop function worker.fail_provisioning(uuid, uuid, integer, text, boolean);

drop function private.end_in_failure(public.provisioning_requests, text);

drop function worker.renew_lease(uuid, uuid, integer, interval);

drop function private.keep_lease(uuid, uuid, integer);

drop function worker.claim_provisioning(integer, interval);
