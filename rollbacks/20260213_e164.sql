-- Leaves phone numbers without a form.

drop domain public.e164;
