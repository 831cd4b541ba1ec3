-- The worker takes messages out of the outbox and tells them on.
--
-- since: 20260224_outbox_worker
-- weight: 2

begin;

set local role telephony_worker;

select
    count(*) as found,
    max(m.org_id::text) as org_id,
    max(m.message_id::text) as message_id
from worker.claim_outbox(1, '1 minute') as m \gset

commit;

\if :found
begin;

set local role telephony_worker;

select worker.settle_outbox(':org_id', ':message_id', true);

commit;
\endif
