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
    r.credential_id,
    r.phone_number,
    case when r.is_managed then 'managed' else 'byoc' end as source,
    case when r.is_managed then '(Managed)' else '(Your Twilio)' end as badge,
    r.phone_number
    || case when r.is_managed then ' (Managed)' else ' (Your Twilio)' end as label,
    r.can_inbound,
    r.can_outbound,
    r.account_status = 'active' as available,
    case
        when r.account_status <> 'active' then (
            select t.message
            from public.telephony_reasons as t
            where t.reason_code = 'subaccount_' || r.account_status
        )
    end as unavailable_reason
from public.number_routes as r;

comment on view api.agent_phone_options is
'The numbers of your organization for the dropdown of an agent.';

comment on column api.agent_phone_options.source is
'managed: we bought it for you; byoc: of your own Twilio account.';

comment on column api.agent_phone_options.available is
'False: it is yours, but cannot be used at present.';

comment on column api.agent_phone_options.unavailable_reason is
'Why it cannot be used; null when it can.';

grant select (
    org_id,
    credential_id,
    phone_number,
    is_managed,
    can_inbound,
    can_outbound,
    account_status
)
on table public.number_routes to authenticated;

grant select on table api.agent_phone_options to authenticated;
