-- check: a NULL flag is refused, not mended behind the writer's back
select
    'a_missing_flag_is_off' as subject,
    'the trigger still stands' as detail
from pg_trigger as t
where
    t.tgrelid = to_regclass('public.org_credentials')
    and t.tgname = 'a_missing_flag_is_off';
