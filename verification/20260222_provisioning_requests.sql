-- check: one live request for each organization, taken in order
select
    expected.name as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    (
        'idx_provisioning_requests_one_live_per_org',
        true,
        '% USING btree (org_id)'
        || ' WHERE (state = ANY (ARRAY[''queued''::text, ''running''::text]))'
    ),
    (
        'idx_provisioning_requests_queued',
        false,
        '% USING btree (created_at) WHERE (state = ''queued''::text)'
    ),
    (
        'idx_provisioning_requests_running',
        false,
        '% USING btree (lease_until) WHERE (state = ''running''::text)'
    ),
    ('idx_provisioning_requests_reason', false, '% USING btree (reason_code)')
) as expected (name, is_unique, definition)
left join pg_index as i
    on i.indexrelid = to_regclass('public.' || expected.name)
where
    (i.indisvalid and i.indisunique = expected.is_unique) is not true
    or pg_get_indexdef(i.indexrelid) not like expected.definition;

-- check: a request says what it must in each state
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('provisioning_requests_pkey', 'PRIMARY KEY (org_id, id)'),
    (
        'provisioning_requests_org_id_fkey',
        'FOREIGN KEY (org_id) REFERENCES %organizations(id) ON DELETE CASCADE'
    ),
    (
        'provisioning_requests_reason_code_fkey',
        'FOREIGN KEY (reason_code) REFERENCES %telephony_reasons(reason_code)'
    ),
    ('one_request_for_each_idempotency_key', 'UNIQUE (org_id, idempotency_key)'),
    (
        'idempotency_key_is_short',
        'CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 200)))'
    ),
    ('parameters_hash_is_sha256', 'CHECK ((octet_length(parameters_hash) = 32))'),
    ('area_code_is_digits', 'CHECK ((area_code ~ ''^[0-9]{2,5}$''::text))'),
    ('request_state_is_known', 'CHECK ((state = ANY (ARRAY[%])))'),
    (
        'leased_exactly_when_running',
        'CHECK (((state = ''running''::text) = (lease_until IS NOT NULL)))'
    ),
    (
        'failed_exactly_when_reason',
        'CHECK ((((state = ''failed''::text) = (reason_code IS NOT NULL))'
        || ' AND ((state = ''failed''::text) = (user_message IS NOT NULL))))'
    ),
    (
        'completed_has_a_number',
        'CHECK (((state <> ''completed''::text) OR (pinned_number IS NOT NULL)))'
    ),
    ('attempts_are_counted', 'CHECK ((attempt >= 0))')
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.provisioning_requests')
        and con.conname = expected.name
where (pg_get_constraintdef(con.oid) like expected.definition) is not true;

-- check: a request moves along its transitions, and says when
select
    expected.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('first_state', 7, 'follow_transition', '%follow_transition(''request'')'),
    (
        'next_state',
        19,
        'follow_transition',
        '%WHEN ((old.state IS DISTINCT FROM new.state)) %(''request'')'
    ),
    ('identity_is_fixed', 19, 'refuse_row', '%refuse_row(''identity_is_fixed'')'),
    ('provisioning_requests_updated_at', 19, 'set_updated_at', '%'),
    (
        'a_pinned_number_rests',
        9,
        'let_go_of_the_pinned_number',
        '%WHEN (((old.pinned_number IS NOT NULL)'
        || ' AND (old.state = ANY (ARRAY[''queued''::text, ''running''::text])))) %'
    )
) as expected (name, type, function, definition)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.provisioning_requests')
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

-- check: what was asked for does not change
select
    'provisioning_requests.' || col.name as subject,
    'the trigger identity_is_fixed does not look at it' as detail
from
    unnest(
        '{org_id,id,idempotency_key,parameters_hash,requested_by,country_code,
        number_type,area_code,created_at}'::text[]
    ) as col (name)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.provisioning_requests')
        and t.tgname = 'identity_is_fixed'
where
    coalesce(
        position(
            format('old.%1$s IS DISTINCT FROM new.%1$s', col.name)
            in pg_get_triggerdef(t.oid)
        ),
        0
    ) = 0;

-- check: the functions stand as this change made them, for those they are for
select
    expected.name as subject,
    coalesce(
        'fingerprint ' || md5(replace(pg_get_functiondef(p.oid), 'public.', '')),
        'missing'
    ) as detail
from (
    values
    (
        'private.let_go_of_the_pinned_number()',
        'b11bfa1931e0fc2f87b898fe4f6b17ea',
        'nobody'
    )
) as expected (name, fingerprint, caller)
left join pg_proc as p
    on p.oid = to_regprocedure(expected.name)
where
    md5(replace(pg_get_functiondef(p.oid), 'public.', ''))
    is distinct from expected.fingerprint
    or exists (
        select
        from pg_roles as r
        where
            r.rolname in (
                'anon',
                'authenticated',
                'service_role',
                'telephony_worker',
                'telephony_backfill',
                'telephony_auditor'
            )
            and has_function_privilege(r.oid, p.oid, 'execute')
            <> (r.rolname = expected.caller)
    );
