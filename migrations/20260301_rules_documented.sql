-- depends: 20260228_names_have_an_end
--
-- Each constraint and unique index says why it is there.
--
-- Whoever is refused looks the name up in the database; the reason stands with it.
--
-- Locks: a lock on each table for an instant; reads and writes go on.
-- Duration: milliseconds.
-- Rollback: loses nothing.

comment on constraint e164_form on domain public.e164 is
'A plus sign, then 7 to 15 digits of ASCII, the first not 0, and nothing after them.';

comment on constraint organizations_telephony_mode_check on public.organizations is
'byoc: numbers of its own; managed: one of ours; none: no telephony. Null: not said.';

comment on constraint name_has_an_end on public.organizations is
'Names go into pages, messages and logs.';

comment on constraint user_org_roles_role_check on public.user_org_roles is
'A viewer reads; an agent and an admin may change phone numbers too.';

comment on constraint org_credentials_provider_check on public.org_credentials is
'Programs know how to talk to these providers and no other.';

comment on constraint twilio_subaccounts_status_check on public.twilio_subaccounts is
'The states that Twilio knows.';

comment on constraint twilio_subaccounts_twilio_account_sid_key
on public.twilio_subaccounts is
'An account at Twilio is billed to one organization.';

comment on constraint name_has_an_end on public.twilio_subaccounts is
'Names go into pages, messages and logs.';

comment on constraint managed_phone_numbers_number_type_check
on public.managed_phone_numbers is
'The types that we sell.';

comment on constraint managed_phone_numbers_status_check
on public.managed_phone_numbers is
'The states of provisioning_transitions.';

comment on constraint managed_phone_numbers_twilio_phone_sid_key
on public.managed_phone_numbers is
'A number bought at Twilio stands here once.';

comment on constraint names_have_an_end on public.managed_phone_numbers is
'What providers call a number is looked up by index, and an index takes no more.';

comment on constraint name_has_an_end on public.agents is
'Names go into pages, messages and logs.';

comment on constraint feature_flags_rollout_percentage_check on public.feature_flags is
'Per cent: 0 is nobody, 100 everybody.';

comment on constraint feature_flags_flag_key_key on public.feature_flags is
'Programs ask for a flag by its key.';

comment on constraint org_feature_flags_org_id_flag_key_key
on public.org_feature_flags is
'An organization overrides a flag in one way.';

comment on constraint reason_code_is_a_word on public.telephony_reasons is
'Programs match it; words joined by underscores are hard to misspell.';

comment on constraint errcode_is_ours on public.telephony_reasons is
'PostgreSQL has no class TP, so a refusal of ours is never taken for one of its own.';

comment on constraint country_code_is_iso on public.number_markets is
'Providers are asked with the two letters of ISO 3166-1.';

comment on constraint number_type_is_known on public.number_markets is
'The types that managed_phone_numbers can hold.';

comment on constraint limits_are_not_negative on public.org_limits is
'0 allows nothing; less would mean nothing.';

comment on constraint version_counts_from_one on public.org_data_keys is
'A sealed value names the version in up to nine digits, without a leading zero.';

comment on constraint key_state_is_known on public.org_data_keys is
'Rotation goes through these states.';

comment on constraint machine_is_known on public.provisioning_transitions is
'Each name stands for a column whose trigger asks for its steps.';

comment on constraint held_kind_is_known on public.phone_numbers_held is
'managed: bought by us; byoc: of the customer''s own account.';

comment on constraint area_code_is_digits on public.provisioning_requests is
'number_markets says which ones can be had where.';

comment on constraint attempts_are_counted on public.provisioning_requests is
'The count proves who holds the lease, so it only grows.';

comment on constraint idempotency_key_is_short on public.provisioning_requests is
'Long enough for any UUID or path, short enough for an index.';

comment on constraint parameters_hash_is_sha256 on public.provisioning_requests is
'Compared as a whole.';

comment on constraint request_state_is_known on public.provisioning_requests is
'The states of provisioning_transitions.';

comment on constraint operation_kind_is_known on public.provider_operations is
'What a worker does at a provider for a request.';

comment on constraint operation_state_is_known on public.provider_operations is
'The states of provisioning_transitions.';

comment on constraint topic_is_known on public.outbox is
'Workers know what to do with these.';

comment on constraint tries_are_counted on public.outbox is
'After ten somebody must look.';

comment on constraint dead_is_not_delivered on public.outbox is
'What was told needs nobody to look.';

comment on constraint action_is_known on audit.events is
'What a row trigger can see.';

comment on constraint events_count_from_one on audit.events is
'A gap at the beginning shows as well.';

comment on index public.idx_org_credentials_one_active_per_number is
'A second active credential would make it a matter of luck which account a call goes '
'through. Calls are routed by this index.';

comment on index public.idx_org_credentials_assignable is
'The key that assignments point to: with it they carry activity and directions.';

comment on index public.idx_org_credentials_nonce is
'A copied value brings its nonce along, and is refused, whatever the organization.';

comment on index public.idx_twilio_subaccounts_nonce is
'A copied token brings its nonce along, and is refused, whatever the organization.';
