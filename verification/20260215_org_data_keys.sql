-- check: keys are wrapped, numbered, and of a known state
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('org_data_keys_pkey', 'PRIMARY KEY (org_id, version)'),
    (
        'org_data_keys_org_id_fkey',
        'FOREIGN KEY (org_id) REFERENCES %organizations(id) ON DELETE CASCADE'
    ),
    ('version_counts_from_one', 'CHECK (((version >= 1) AND (version <= 999999999)))'),
    ('key_state_is_known', 'CHECK ((state = ANY (ARRAY[%])))'),
    (
        'destroyed_exactly_when_not_wrapped',
        'CHECK (((state = ''destroyed''::text) = (wrapped IS NULL)))'
    ),
    ('wrapped_key_has_the_known_form', 'CHECK ((wrapped ~ ''^k1:%$''::text))')
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.org_data_keys')
        and con.conname = expected.name
where (pg_get_constraintdef(con.oid) like expected.definition) is not true;

-- check: an organization seals under one key
select
    'idx_org_data_keys_one_active' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (values ('public.idx_org_data_keys_one_active')) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id) WHERE (state = ''active''::text)';

-- check: what is left of a rotation is found by index
select
    'idx_org_data_keys_retiring' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (values ('public.idx_org_data_keys_retiring')) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    i.indisvalid is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, version) WHERE (state = ''retiring''::text)';

-- check: signed-in users and the worker never see a key, not even a wrapped one
select
    r.rolname as subject,
    'may read org_data_keys' as detail
from pg_roles as r
where
    r.rolname in ('anon', 'authenticated', 'telephony_worker', 'telephony_auditor')
    and has_any_column_privilege(
        r.oid, 'public.org_data_keys', 'select, insert, update'
    );
