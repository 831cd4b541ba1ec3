-- Hides the numbers in the sealed values again.
--
-- loses: public.org_credentials values of phone_number, account_sid, can_inbound, can_outbound — backfill reseal-credentials finds numbers and accounts in the sealed values

alter table public.org_credentials
drop column can_outbound,
drop column can_inbound,
drop column account_sid,
drop column phone_number;
