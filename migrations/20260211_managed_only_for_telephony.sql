-- depends: 20260211_active_flag_settled
-- transactional: false
--
-- Only a telephony credential can be managed; a calendar or a mailbox never is.
--
-- This is why the index "one managed number" need not ask for the provider. Managed
-- credentials of other providers are listed first.
--
-- Locks: an exclusive lock on org_credentials for an instant; validation stops neither
-- reads nor writes.
-- Duration: two scans of org_credentials.
-- Rollback: loses nothing.

do $$
declare
    offenders text;
begin
    select
        string_agg(
            format('credential %s of %s, %s', c.id, c.org_id, c.provider),
            e'\n' order by c.org_id, c.id
        )
    into offenders
    from public.org_credentials as c
    where c.is_managed and c.provider not in ('twilio', 'vapi');

    if offenders is not null then
        raise exception using
            errcode = 'check_violation',
            message = 'managed credentials that are not for telephony',
            detail = offenders,
            hint = 'Make a credential of the organization itself of each, then apply again.';
    end if;
end
$$;

alter table public.org_credentials
add constraint managed_only_for_telephony
check (not is_managed or provider in ('twilio', 'vapi')) not valid;

alter table public.org_credentials
validate constraint managed_only_for_telephony;

comment on constraint managed_only_for_telephony on public.org_credentials is
'We buy phone numbers and nothing else for an organization.';
