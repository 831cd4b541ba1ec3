-- since: 20260223_agent_phone_options

-- check after: a number of a suspended or closed account is offered as unavailable
select
    o.phone_number as subject,
    format(
        'account %s, available %s, reason %L',
        s.status,
        o.available,
        o.unavailable_reason
    )
        as detail
from api.agent_phone_options as o
inner join public.org_credentials as c
    on o.credential_id = c.id
inner join public.twilio_subaccounts as s
    on c.org_id = s.org_id
where
    c.is_managed
    and s.status <> 'active'
    and (o.available is not false or o.unavailable_reason is null);
