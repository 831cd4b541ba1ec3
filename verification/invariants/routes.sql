-- since: 20260222_number_routes_filled

-- check after: every route says what the tables say that it is made of
select
    coalesce(made.credential_id, r.credential_id) as subject,
    format('is %s, and should be %s', to_jsonb(r), to_jsonb(made)) as detail
from (
    select
        c.org_id,
        c.id as credential_id,
        c.phone_number,
        c.is_managed,
        c.can_inbound,
        c.can_outbound,
        case
            when c.is_managed then coalesce(s.status, 'closed')
            else 'active'
        end as account_status,
        a.id as inbound_agent_id,
        c.key_version
    from public.org_credentials as c
    left join public.twilio_subaccounts as s
        on c.org_id = s.org_id
    left join public.agent_phone_assignments as p
        on
            c.org_id = p.org_id
            and c.id = p.credential_id
            and p.direction = 'inbound'
    left join public.agents as a
        on
            p.org_id = a.org_id
            and p.agent_id = a.id
            and a.is_active is not false
    where c.is_active and c.phone_number is not null
) as made
full join public.number_routes as r
    on
        made.org_id = r.org_id
        and made.credential_id = r.credential_id
where to_jsonb(made) is distinct from to_jsonb(r);
