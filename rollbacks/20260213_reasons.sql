-- Takes the sentences away.
--
-- loses: public.telephony_reasons rows — the migration makes them again; rewordings go

drop function private.refuse(text, text);

drop table public.telephony_reasons;
