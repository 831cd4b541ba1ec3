-- A call comes in: whose is it, which agent answers, with which secret?
--
-- since: 20260224_routing
-- weight: 8

begin;

-- The telephone network knows which numbers are called.
select
    count(*) as found,
    max(one.phone_number) as called
from (
    select h.phone_number::text
    from public.phone_numbers_held as h
    where h.quarantined_until is null
    order by random()
    limit 1
) as one \gset

\if :found
set local role telephony_worker;

select
    r.org_id,
    r.agent_id,
    r.credential_id,
    r.key_version
from worker.route_inbound_call(':called') as r;
\endif

commit;
