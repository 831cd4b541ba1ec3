-- The webhook of before found agent and secret of a called number by itself.
--
-- since: 20260209_telephony_baseline
-- until: 20260224_routing
-- weight: 6

begin;

-- The telephone network knows which numbers are called.
select
    count(*) as found,
    max(one.phone_number) as called
from (
    select n.phone_number::text
    from public.managed_phone_numbers as n
    where n.status = 'active'
    order by random()
    limit 1
) as one \gset

\if :found
set local role service_role;

select
    n.org_id,
    a.id as agent_id,
    s.twilio_auth_token_encrypted
from public.managed_phone_numbers as n
inner join public.twilio_subaccounts as s
    on n.subaccount_id = s.id
left join public.agents as a
    on
        n.org_id = a.org_id
        and n.vapi_phone_id = a.vapi_phone_number_id
        and a.role = 'inbound'
where n.phone_number = ':called' and n.status = 'active';
\endif

commit;
