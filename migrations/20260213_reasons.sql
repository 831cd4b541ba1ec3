-- depends: 20260213_policies_ask_once
--
-- One sentence for each refusal, in one place.
--
-- The same refusal was worded in two ways by two programs. From here on the database
-- refuses, by code and by sentence, and programs show the sentence and match the code.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses the sentences, which this file holds, and those added since.

create table public.telephony_reasons (
    reason_code text not null,
    errcode text not null,
    message text not null,
    hint text not null,
    constraint telephony_reasons_pkey primary key (reason_code),
    constraint one_errcode_for_each_reason unique (errcode),
    constraint reason_code_is_a_word check (reason_code ~ '^[a-z]+(_[a-z]+)*$'),
    constraint errcode_is_ours check (errcode ~ '^TP[0-9]{3}$')
);

comment on table public.telephony_reasons is
'Every reason for which telephony refuses something, with the sentence for the user.';

comment on column public.telephony_reasons.reason_code is
'Stable: programs match it. A refusal carries it as the name of the constraint.';

comment on column public.telephony_reasons.errcode is
'SQLSTATE of the refusal, stable as well.';

comment on column public.telephony_reasons.message is
'The sentence for the user.';

comment on column public.telephony_reasons.hint is
'What the user can do next.';

comment on constraint one_errcode_for_each_reason on public.telephony_reasons is
'Callers that see only the SQLSTATE can still tell the reason.';

insert into public.telephony_reasons (reason_code, errcode, message, hint)
values
(
    'one_managed_number_per_org',
    'TP001',
    'Your organization already has a managed phone number. '
    'Release it before you provision another.',
    'Use the number that you have, or release it first.'
),
(
    'no_organization',
    'TP002',
    'You are not signed in to an organization.',
    'Sign in again.'
),
(
    'not_a_member',
    'TP003',
    'You do not belong to this organization any more.',
    'Ask an administrator of the organization to invite you.'
),
(
    'role_may_not_write',
    'TP004',
    'Your role does not allow you to change phone numbers.',
    'Ask an administrator of the organization.'
),
(
    'feature_disabled',
    'TP005',
    'Managed phone numbers are not available to your organization yet.',
    'Connect a number of your own Twilio account instead.'
),
(
    'subaccount_suspended',
    'TP006',
    'The telephony account of your organization is suspended.',
    'Ask our support why.'
),
(
    'subaccount_closed',
    'TP007',
    'The telephony account of your organization is closed.',
    'Ask our support why.'
),
(
    'market_unavailable',
    'TP008',
    'We do not offer phone numbers of this kind there.',
    'Choose another country, type or area code.'
),
(
    'idempotency_key_reused',
    'TP009',
    'This idempotency key was used for another request.',
    'Use a new key for a new request.'
),
(
    'number_not_found',
    'TP010',
    'Your organization has no such phone number.',
    'Choose one of the numbers that are offered.'
),
(
    'number_unavailable',
    'TP011',
    'This phone number cannot be used.',
    'Choose another number, or ask our support.'
),
(
    'credential_not_found',
    'TP012',
    'Your organization has no such phone number to assign.',
    'Choose one of the numbers that are offered.'
),
(
    'agent_not_found',
    'TP013',
    'Your organization has no such agent.',
    'Choose one of your agents.'
),
(
    'direction_not_supported',
    'TP014',
    'This phone number cannot be used in that direction.',
    'Choose another number or another direction.'
),
(
    'number_already_answers',
    'TP015',
    'Another agent already answers this phone number.',
    'Unassign the number from that agent first.'
),
(
    'half_a_pair',
    'TP016',
    'A managed phone number and its credential change only together.',
    'Write both in one transaction.'
),
(
    'step_not_allowed',
    'TP017',
    'This step is not allowed from the present state.',
    'See provisioning_transitions for the steps and who may take them.'
),
(
    'identity_is_fixed',
    'TP018',
    'Who a row belongs to, when and as what it was made never changes.',
    'Make a new row.'
),
(
    'digits_are_fixed',
    'TP019',
    'The digits of a phone number in use never change.',
    'Release the number, then add the other one.'
),
(
    'secret_is_fixed',
    'TP020',
    'A secret is never overwritten.',
    'Add a credential with the new secret.'
),
(
    'key_is_destroyed',
    'TP021',
    'This data key seals nothing any more.',
    'Seal under the active key of the organization.'
),
(
    'key_is_in_use',
    'TP022',
    'This data key still protects credentials in use.',
    'Seal them under another key, or deactivate them, first.'
),
(
    'history_is_fixed',
    'TP023',
    'What has happened cannot be changed.',
    'Correct it by a new entry.'
),
(
    'lease_is_lost',
    'TP024',
    'Another worker has taken over this request.',
    'Stop working on it; claim another.'
),
(
    'operation_is_open',
    'TP025',
    'A step of this request at the provider is not undone yet.',
    'Finish the operation as undone first.'
),
(
    'limit_is_reached',
    'TP026',
    'Your organization has reached its limit.',
    'Disconnect a number that you do not use, or ask our support.'
),
(
    'number_is_malformed',
    'TP027',
    'This is not a phone number in international form.',
    'Write it like +14155550123.'
),
(
    'sealed_value_is_malformed',
    'TP028',
    'This credential is not sealed in a known form.',
    'Seal it under the active key of the organization.'
),
(
    'account_is_malformed',
    'TP029',
    'This is not the SID of a Twilio account.',
    'It begins with AC; copy it from the Twilio console.'
),
(
    'nothing_was_bought',
    'TP030',
    'No phone number has been bought for this request yet.',
    'Buy the pinned number and finish the operation as done first.'
),
(
    'no_number_found',
    'TP031',
    'We found no free phone number of this kind.',
    'Try another area code.'
),
(
    'provider_refused',
    'TP032',
    'The telephony provider refused the request.',
    'Try again later, or ask our support.'
),
(
    'gave_up',
    'TP033',
    'We could not provision a phone number in time.',
    'Try again later, or ask our support.'
),
(
    'idempotency_key_is_malformed',
    'TP034',
    'A request needs an idempotency key of 1 to 200 characters.',
    'Make one up for each new request, a UUID for instance.'
),
(
    'operation_not_found',
    'TP035',
    'There is no such operation.',
    'Begin it first; begin_operation answers its id.'
),
(
    'argument_is_malformed',
    'TP036',
    'What was given cannot be written down.',
    'The detail names the constraint or the argument; its comment says why.'
);

alter table public.telephony_reasons enable row level security;
alter table public.telephony_reasons force row level security;

create policy telephony_reasons_select on public.telephony_reasons
for select
to authenticated
using (true);

comment on policy telephony_reasons_select on public.telephony_reasons is
'The sentences are for everybody.';

create policy telephony_reasons_service_role on public.telephony_reasons
for all
to service_role, current_user
using (true)
with check (true);

comment on policy telephony_reasons_service_role on public.telephony_reasons is
'The backend may reword a sentence, but not its code; our own functions read them.';

grant select (reason_code, message) on table public.telephony_reasons to authenticated;

grant select, insert, update (message, hint) on table public.telephony_reasons
to service_role;

create function private.refuse(reason_code text, facts text default null)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
    reason public.telephony_reasons;
begin
    select r.* into strict reason
    from public.telephony_reasons as r
    where r.reason_code = refuse.reason_code;

    raise exception using
        errcode = reason.errcode,
        message = reason.message,
        detail = coalesce(left(refuse.facts, 500), ''),
        hint = reason.hint,
        constraint = reason.reason_code;
end
$$;

comment on function private.refuse(text, text) is
'Refuses with the sentence of the reason; the facts go into the detail, for programs. '
'They may repeat what the caller gave, so they have an end.';
