-- check: a request has one standing operation of a kind
select
    expected.name as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    (
        'idx_provider_operations_one_standing_of_a_kind',
        true,
        '% USING btree (org_id, request_id, kind) WHERE (state <> ''undone''::text)'
    ),
    ('idx_provider_operations_request', false, '% USING btree (org_id, request_id)')
) as expected (name, is_unique, definition)
left join pg_index as i
    on i.indexrelid = to_regclass('public.' || expected.name)
where
    (i.indisvalid and i.indisunique = expected.is_unique) is not true
    or pg_get_indexdef(i.indexrelid) not like expected.definition;

-- check: an operation belongs to a request of its organization
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('provider_operations_pkey', 'PRIMARY KEY (org_id, id)'),
    (
        'operation_of_a_request_of_the_org',
        'FOREIGN KEY (org_id, request_id) REFERENCES'
        || ' %provisioning_requests(org_id, id) ON DELETE CASCADE'
    ),
    ('operation_kind_is_known', 'CHECK ((kind = ANY (ARRAY[%])))'),
    ('operation_state_is_known', 'CHECK ((state = ANY (ARRAY[%])))'),
    (
        'a_purchase_names_its_number',
        'CHECK (((kind <> ''buy_number''::text) OR (subject IS NOT NULL)))'
    ),
    (
        'what_it_says_has_an_end',
        'CHECK (((length(subject) <= 200) AND (length(provider_ref) <= 200)'
        || ' AND (length((detail)::text) <= 65536)))'
    )
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.provider_operations')
        and con.conname = expected.name
where (pg_get_constraintdef(con.oid) like expected.definition) is not true;

-- check: an operation moves along its transitions, and says when
select
    expected.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('first_state', 7, 'follow_transition', '%follow_transition(''operation'')'),
    (
        'next_state',
        19,
        'follow_transition',
        '%WHEN ((old.state IS DISTINCT FROM new.state)) %(''operation'')'
    ),
    ('identity_is_fixed', 19, 'refuse_row', '%refuse_row(''identity_is_fixed'')'),
    ('provider_operations_updated_at', 19, 'set_updated_at', '%')
) as expected (name, type, function, definition)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.provider_operations')
        and t.tgname = expected.name
left join pg_proc as p
    on p.oid = t.tgfoid
where
    (
        t.tgenabled = 'O'
        and t.tgtype = expected.type
        and p.proname = expected.function
        and pg_get_triggerdef(t.oid) like expected.definition
    ) is not true;

-- check: what was intended does not change
select
    'provider_operations.' || col.name as subject,
    'the trigger identity_is_fixed does not look at it' as detail
from unnest('{org_id,id,request_id,kind,subject,created_at}'::text[]) as col (name)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.provider_operations')
        and t.tgname = 'identity_is_fixed'
where
    coalesce(
        position(
            format('old.%1$s IS DISTINCT FROM new.%1$s', col.name)
            in pg_get_triggerdef(t.oid)
        ),
        0
    ) = 0;
