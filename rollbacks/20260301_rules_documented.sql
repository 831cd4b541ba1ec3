-- Takes the reasons away.

comment on index public.idx_twilio_subaccounts_nonce is null;

comment on index public.idx_org_credentials_nonce is null;

comment on index public.idx_org_credentials_assignable is null;

comment on index public.idx_org_credentials_one_active_per_number is null;

comment on constraint events_count_from_one on audit.events is null;

comment on constraint action_is_known on audit.events is null;

comment on constraint dead_is_not_delivered on public.outbox is null;

comment on constraint tries_are_counted on public.outbox is null;

comment on constraint topic_is_known on public.outbox is null;

comment on constraint operation_state_is_known on public.provider_operations is null;

comment on constraint operation_kind_is_known on public.provider_operations is null;

comment on constraint request_state_is_known on public.provisioning_requests is null;

comment on constraint parameters_hash_is_sha256 on public.provisioning_requests is null;

comment on constraint idempotency_key_is_short on public.provisioning_requests is null;

comment on constraint attempts_are_counted on public.provisioning_requests is null;

comment on constraint area_code_is_digits on public.provisioning_requests is null;

comment on constraint held_kind_is_known on public.phone_numbers_held is null;

comment on constraint machine_is_known on public.provisioning_transitions is null;

comment on constraint key_state_is_known on public.org_data_keys is null;

comment on constraint version_counts_from_one on public.org_data_keys is null;

comment on constraint limits_are_not_negative on public.org_limits is null;

comment on constraint number_type_is_known on public.number_markets is null;

comment on constraint country_code_is_iso on public.number_markets is null;

comment on constraint errcode_is_ours on public.telephony_reasons is null;

comment on constraint reason_code_is_a_word on public.telephony_reasons is null;

comment on constraint org_feature_flags_org_id_flag_key_key
on public.org_feature_flags is null;

comment on constraint feature_flags_flag_key_key on public.feature_flags is null;

comment on constraint feature_flags_rollout_percentage_check on public.feature_flags
is null;

comment on constraint name_has_an_end on public.agents is null;

comment on constraint names_have_an_end on public.managed_phone_numbers is null;

comment on constraint managed_phone_numbers_twilio_phone_sid_key
on public.managed_phone_numbers is null;

comment on constraint managed_phone_numbers_status_check
on public.managed_phone_numbers is null;

comment on constraint managed_phone_numbers_number_type_check
on public.managed_phone_numbers is null;

comment on constraint name_has_an_end on public.twilio_subaccounts is null;

comment on constraint twilio_subaccounts_twilio_account_sid_key
on public.twilio_subaccounts is null;

comment on constraint twilio_subaccounts_status_check on public.twilio_subaccounts
is null;

comment on constraint org_credentials_provider_check on public.org_credentials is null;

comment on constraint user_org_roles_role_check on public.user_org_roles is null;

comment on constraint name_has_an_end on public.organizations is null;

comment on constraint organizations_telephony_mode_check on public.organizations
is null;

comment on constraint e164_form on domain public.e164 is null;
