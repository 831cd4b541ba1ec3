-- Leaves the operations as they are; nobody begins or finishes one.

drop function worker.finish_operation(uuid, uuid, text, text, jsonb);

drop function worker.begin_operation(uuid, uuid, integer, text, text);
