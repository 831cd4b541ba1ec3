-- depends: 20260213_reasons
--
-- What a phone number looks like: E.164.
--
-- Only the digits 0 to 9 count, and nothing may follow them, not even a line break.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create domain public.e164 as text
constraint e164_form check (value ~ '^\+[1-9][0-9]{6,14}$');

comment on domain public.e164 is
'A phone number in international form, for instance +14155550123.';
