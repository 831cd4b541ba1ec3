-- check: history is added to, and nothing else, whatever the replication role
select
    expected.tbl || '.' || expected.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    ('audit.events', 'append_only', 27, ''),
    ('audit.events', 'append_only_whole', 34, ''),
    (
        'audit.heads',
        'moves_on',
        19,
        'WHEN (((new.org_id <> old.org_id) OR (new.seq <= old.seq))) '
    ),
    ('audit.heads', 'stays', 11, ''),
    ('audit.heads', 'stays_whole', 34, '')
) as expected (tbl, name, type, condition)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass(expected.tbl)
        and t.tgname = expected.name
where
    (
        t.tgenabled = 'A'
        and t.tgtype = expected.type
        and pg_get_triggerdef(t.oid) like format(
            '%% %sEXECUTE FUNCTION private.refuse_row(''history_is_fixed'')',
            expected.condition
        )
    ) is not true;

-- check: events are counted, and each organization has one head
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    ('audit.events', 'events_pkey', 'PRIMARY KEY (org_id, seq)'),
    ('audit.events', 'action_is_known', 'CHECK ((action = ANY (ARRAY[%])))'),
    ('audit.events', 'events_count_from_one', 'CHECK ((seq >= 1))'),
    ('audit.heads', 'heads_pkey', 'PRIMARY KEY (org_id)')
) as expected (tbl, name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass(expected.tbl)
        and con.conname = expected.name
where (pg_get_constraintdef(con.oid) like expected.definition) is not true;

-- check: the auditor reads history, nobody else does, and nobody writes it
select
    r.rolname as subject,
    'rights on ' || h.tbl || ' differ' as detail
from pg_roles as r
cross join (values ('audit.events'), ('audit.heads')) as h (tbl)
where
    r.rolname in (
        'anon',
        'authenticated',
        'service_role',
        'telephony_worker',
        'telephony_backfill',
        'telephony_auditor'
    )
    and (
        has_table_privilege(r.oid, h.tbl, 'select')
        <> (r.rolname = 'telephony_auditor')
        or has_table_privilege(r.oid, h.tbl, 'insert, update, delete, truncate')
    );

-- check: a sealed value is never written down
select
    'private.redact' as subject,
    private.redact(
        '{"encrypted_config": "a", "twilio_auth_token_encrypted": "b", "wrapped": "c"}'
    )::text as detail
where
    private.redact(
        '{"encrypted_config": "a", "twilio_auth_token_encrypted": "b", "wrapped": "c"}'
    ) <> '{
        "encrypted_config": "sealed, ca978112ca1bbdca",
        "twilio_auth_token_encrypted": "sealed, 3e23e8160039594a",
        "wrapped": "sealed, 2e7d2c03a9507ae2"
    }';

-- check: each event of a statement stands behind the one before
select
    'private.chained(audit.events)' as subject,
    'missing, or not made of private.next_hash' as detail
where
    not exists (
        select
        from pg_aggregate as a
        where
            a.aggfnoid = to_regprocedure('private.chained(audit.events)')
            and a.aggtransfn = to_regprocedure('private.next_hash(bytea, audit.events)')
            and a.aggfinalfn = 0
            and a.agginitval is null
    );

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
        'audit.event_hash(audit.events)',
        'fba84da6b08cd1f1d9e8d3c3cae53b56',
        'telephony_auditor'
    ),
    (
        'audit.verify_chain(uuid)',
        'ea9d3fd24b9b09a175a03c6ab18618c5',
        'telephony_auditor'
    ),
    ('private.redact(jsonb)', '8654114c21430bfcce0cddba16a77cce', 'nobody'),
    ('private.row_key(name, jsonb)', '66ad5013a93855214c4e78e3174902c6', 'nobody'),
    (
        'private.next_hash(bytea, audit.events)',
        'fa1ec28a14faf603d695fef655318156',
        'nobody'
    ),
    ('private.record_event()', '23a2d0679e1921874b1042d18ebfb4af', 'nobody'),
    ('private.record_inserts()', 'ee015fb9f278c560d56b5d245f2c4346', 'nobody')
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
