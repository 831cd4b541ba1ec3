-- check: an assignment stays in its organization, is active and can do the direction
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('agent_phone_assignments_pkey', 'PRIMARY KEY (org_id, agent_id, direction)'),
    (
        'assignment_of_an_agent_of_the_org',
        'FOREIGN KEY (org_id, agent_id) REFERENCES %agents(org_id, id)'
        || ' ON DELETE CASCADE'
    ),
    (
        'assignment_of_a_credential_of_the_org',
        'FOREIGN KEY (org_id, credential_id, credential_is_active, can_inbound,'
        || ' can_outbound) REFERENCES %org_credentials(org_id, id, is_active,'
        || ' can_inbound, can_outbound) ON UPDATE CASCADE ON DELETE CASCADE'
    ),
    ('assigned_credential_is_active', 'CHECK (credential_is_active)'),
    (
        'assigned_credential_can_do_the_direction',
        'CHECK ((((direction = ''inbound''::text) AND can_inbound)'
        || ' OR ((direction = ''outbound''::text) AND can_outbound)))'
    )
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.agent_phone_assignments')
        and con.conname = expected.name
where (pg_get_constraintdef(con.oid) like expected.definition) is not true;

-- check: a call to a number reaches one agent
select
    'idx_agent_phone_assignments_inbound' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (values ('public.idx_agent_phone_assignments_inbound')) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, credential_id) WHERE (direction = ''inbound''::text)';

-- check: the assignments of a credential are found by index
select
    'idx_agent_phone_assignments_credential' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (values ('public.idx_agent_phone_assignments_credential')) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    i.indisvalid is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, credential_id, credential_is_active, can_inbound,'
    || ' can_outbound)';

-- check: the number that an agent calls from is found by index
select
    'idx_agent_phone_assignments_outbound' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (values ('public.idx_agent_phone_assignments_outbound')) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    i.indisvalid is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (agent_id) WHERE (direction = ''outbound''::text)';

-- check: an assignment never changes its agent or direction
select
    'agent_phone_assignments.' || col.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'no trigger identity_is_fixed') as detail
from unnest('{org_id,agent_id,direction,created_at}'::text[]) as col (name)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.agent_phone_assignments')
        and t.tgname = 'identity_is_fixed'
where
    (t.tgenabled = 'O' and t.tgtype = 19) is not true
    or pg_get_triggerdef(t.oid) not like
    '%EXECUTE FUNCTION private.refuse_row(''identity_is_fixed'')'
    or position(
        format('old.%1$s IS DISTINCT FROM new.%1$s', col.name)
        in pg_get_triggerdef(t.oid)
    ) = 0;
