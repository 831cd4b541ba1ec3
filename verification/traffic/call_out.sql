-- An agent calls somebody: from which number, with which secret?
--
-- since: 20260224_routing
-- weight: 2

begin;

-- The worker knows which agent has something to say.
select
    count(*) as found,
    max(one.agent_id::text) as agent_id
from (
    select s.agent_id
    from public.agent_phone_assignments as s
    where s.direction = 'outbound'
    order by random()
    limit 1
) as one \gset

\if :found
set local role telephony_worker;

select
    c.credential_id,
    c.phone_number,
    c.sealed_config
from worker.outbound_credential(':agent_id') as c;
\endif

commit;
