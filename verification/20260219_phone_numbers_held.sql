-- check: the number is the key, so one organization holds it
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('phone_numbers_held_pkey', 'PRIMARY KEY (phone_number)'),
    (
        'held_kind_is_known',
        'CHECK ((kind = ANY (ARRAY[''managed''::text, ''byoc''::text])))'
    )
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.phone_numbers_held')
        and con.conname = expected.name
where pg_get_constraintdef(con.oid) is distinct from expected.definition;

-- check: what comes to life is held, what ends is given back
select
    expected.tbl as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('managed_phone_numbers', 'hold_managed_number', 'status'),
    ('org_credentials', 'hold_byoc_number', 'is_active, phone_number')
) as expected (tbl, function, columns)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = 'held_while_live'
where
    t.tgenabled is distinct from 'O'
    or pg_get_triggerdef(t.oid) <> format(
        'CREATE TRIGGER held_while_live AFTER INSERT OR DELETE OR UPDATE OF %s'
        || ' ON public.%s FOR EACH ROW EXECUTE FUNCTION private.%s()',
        expected.columns,
        expected.tbl,
        expected.function
    );

-- check: a released number rests for 30 days
select
    'private.quarantine_period' as subject,
    private.quarantine_period()::text as detail
where private.quarantine_period() <> interval '30 days';

-- check: a number in quarantine goes to nobody, a held one to its holder only
select
    expected.function as subject,
    'missing, or without ' || expected.part as detail
from (
    values
    ('hold_number(text, uuid, text)', 'h.quarantined_until <= now()'),
    ('hold_number(text, uuid, text)', 'and h.org_id = excluded.org_id'),
    ('hold_number(text, uuid, text)', 'and h.kind = excluded.kind'),
    ('hold_number(text, uuid, text)', 'perform private.refuse(''number_unavailable'''),
    ('give_number_back(text, uuid, interval)', 'set quarantined_until = now()'),
    ('give_number_back(text, uuid, interval)', 'delete from'),
    ('hold_managed_number()', 'if is_live and not was_live then'),
    ('hold_managed_number()', 'elsif was_live and not is_live then'),
    ('hold_byoc_number()', 'if is_live and not was_live then'),
    ('hold_byoc_number()', 'elsif was_live and not is_live then')
) as expected (function, part)
left join pg_proc as p
    on p.oid = to_regprocedure('private.' || expected.function)
where coalesce(position(expected.part in p.prosrc), 0) = 0;
