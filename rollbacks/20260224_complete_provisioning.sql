-- Lets no request be completed.

drop function worker.complete_provisioning(
    uuid, uuid, integer, uuid, text, text, text, text, text, text
);
