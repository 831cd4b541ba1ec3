-- Takes the answer away whether a feature is on.

drop function api.feature_enabled(text);

drop view api.features;

revoke select (org_id, flag_key, enabled)
on table public.org_feature_flags from authenticated;

revoke select (flag_key, enabled_globally, rollout_percentage)
on table public.feature_flags from authenticated;

drop function private.rollout_bucket(text, uuid);
