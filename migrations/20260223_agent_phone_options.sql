-- depends: 20260223_feature_enabled
--
-- The numbers that an organization can give to its agents, managed and its own.
--
-- One dropdown offers both. A number of a suspended or closed account is offered as
-- unavailable, with the reason, so that nobody wonders where it has gone. A credential
-- of before, whose number is only in its sealed value, is not offered.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create view api.agent_phone_options
with (security_invoker = true, security_barrier = true)
as
select
    c.id as credential_id,
    c.phone_number,
    case when c.is_managed then 'managed' else 'byoc' end as source,
    case when c.is_managed then '(Managed)' else '(Your Twilio)' end as badge,
    c.phone_number
    || case when c.is_managed then ' (Managed)' else ' (Your Twilio)' end as label,
    c.can_inbound,
    c.can_outbound,
    coalesce(s.status = 'active', not c.is_managed) as available,
    case
        when s.status <> 'active' then (
            select r.message
            from public.telephony_reasons as r
            where r.reason_code = 'subaccount_' || s.status
        )
    end as unavailable_reason
from public.org_credentials as c
left join public.twilio_subaccounts as s
    on
        c.org_id = s.org_id
        and c.is_managed
where c.is_active = true and c.phone_number is not null;

comment on view api.agent_phone_options is
'The numbers of your organization for the dropdown of an agent.';

comment on column api.agent_phone_options.source is
'managed: we bought it for you; byoc: of your own Twilio account.';

comment on column api.agent_phone_options.available is
'False: it is yours, but cannot be used at present.';

comment on column api.agent_phone_options.unavailable_reason is
'Why it cannot be used; null when it can.';

grant select (
    org_id, id, phone_number, is_managed, is_active, can_inbound, can_outbound
)
on table public.org_credentials to authenticated;

grant select (org_id, status) on table public.twilio_subaccounts to authenticated;

grant select on table api.agent_phone_options to authenticated;
