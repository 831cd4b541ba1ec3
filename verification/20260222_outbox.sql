-- check: an event is told once, and stays until it has been told
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('outbox_pkey', 'PRIMARY KEY (org_id, id)'),
    (
        'outbox_org_id_fkey',
        'FOREIGN KEY (org_id) REFERENCES %organizations(id) ON DELETE CASCADE'
    ),
    ('one_message_for_each_dedupe_key', 'UNIQUE (org_id, dedupe_key)'),
    ('topic_is_known', 'CHECK ((topic = ANY (ARRAY[%])))'),
    ('tries_are_counted', 'CHECK ((attempts >= 0))'),
    ('dead_is_not_delivered', 'CHECK ((NOT (dead AND (delivered_at IS NOT NULL))))')
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.outbox')
        and con.conname = expected.name
where (pg_get_constraintdef(con.oid) like expected.definition) is not true;

-- check: what waits is found by index
select
    'idx_outbox_waiting' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (values ('public.idx_outbox_waiting')) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    i.indisvalid is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (available_at) WHERE ((delivered_at IS NULL) AND (NOT dead))';

-- check: a message is told as it was written
select
    'identity_is_fixed' as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (values ('identity_is_fixed')) as expected (name)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.outbox')
        and t.tgname = expected.name
        and t.tgenabled <> 'D'
where
    (
        pg_get_triggerdef(t.oid)
        like 'CREATE TRIGGER identity_is_fixed BEFORE UPDATE %'
        || 'old.org_id%old.id%old.topic%old.dedupe_key%old.payload%old.created_at%'
        || ' EXECUTE FUNCTION private.refuse_row(''identity_is_fixed'')'
    ) is not true;
