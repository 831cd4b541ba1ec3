-- since: 20260226_audited

-- check after: the chain of every organization is whole
select
    h.org_id as subject,
    format('the first bad event is %s of %s', bad.seq, h.seq) as detail
from audit.heads as h
cross join lateral (select audit.verify_chain(h.org_id) as seq) as bad
where bad.seq is not null;

-- check after: no event stands without a head
select
    e.org_id as subject,
    'events without a head' as detail
from audit.events as e
where
    not exists (
        select
        from audit.heads as h
        where h.org_id = e.org_id
    )
group by e.org_id;

-- check after: what the events say is there is there, and what they say is gone is gone
select
    last.subject || ' ' || last.row_key as subject,
    format('last event of %s: %s', last.org_id, last.action) as detail
from (
    select distinct on (e.org_id, e.subject, e.row_key)
        e.org_id,
        e.subject,
        e.row_key,
        e.action
    from audit.events as e
    order by e.org_id asc, e.subject asc, e.row_key asc, e.seq desc
) as last
left join (
    select
        c.org_id,
        'org_credentials' as subject,
        jsonb_build_object('id', c.id) as row_key
    from public.org_credentials as c
    union all
    select
        n.org_id,
        'managed_phone_numbers' as subject,
        jsonb_build_object('id', n.id) as row_key
    from public.managed_phone_numbers as n
    union all
    select
        s.org_id,
        'twilio_subaccounts' as subject,
        jsonb_build_object('id', s.id) as row_key
    from public.twilio_subaccounts as s
    union all
    select
        a.org_id,
        'agent_phone_assignments' as subject,
        jsonb_build_object('agent_id', a.agent_id, 'direction', a.direction) as row_key
    from public.agent_phone_assignments as a
    union all
    select
        k.org_id,
        'org_data_keys' as subject,
        jsonb_build_object('version', k.version) as row_key
    from public.org_data_keys as k
    union all
    select
        f.org_id,
        'org_feature_flags' as subject,
        jsonb_build_object('id', f.id) as row_key
    from public.org_feature_flags as f
    union all
    select
        '00000000-0000-0000-0000-000000000000' as org_id,
        'feature_flags' as subject,
        jsonb_build_object('id', g.id) as row_key
    from public.feature_flags as g
) as stands
    on
        last.org_id = stands.org_id
        and last.subject = stands.subject
        and last.row_key = stands.row_key
where (last.action = 'delete') <> (stands.row_key is null);

-- check: whatever the log and what it watches hang on fires always
select
    expected.tbl || '.' || expected.name as subject,
    coalesce('enabled: ' || t.tgenabled::text, 'missing') as detail
from (
    values
    ('audit.events', 'append_only'),
    ('audit.events', 'append_only_whole'),
    ('audit.heads', 'moves_on'),
    ('audit.heads', 'stays'),
    ('audit.heads', 'stays_whole'),
    ('public.org_credentials', 'audited'),
    ('public.org_credentials', 'audited_inserts'),
    ('public.managed_phone_numbers', 'audited'),
    ('public.managed_phone_numbers', 'audited_inserts'),
    ('public.twilio_subaccounts', 'audited'),
    ('public.twilio_subaccounts', 'audited_inserts'),
    ('public.agent_phone_assignments', 'audited'),
    ('public.agent_phone_assignments', 'audited_inserts'),
    ('public.feature_flags', 'audited'),
    ('public.org_feature_flags', 'audited'),
    ('public.org_feature_flags', 'audited_inserts'),
    ('public.org_data_keys', 'audited'),
    ('public.org_data_keys', 'audited_inserts')
) as expected (tbl, name)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass(expected.tbl)
        and t.tgname = expected.name
where t.tgenabled is distinct from 'A';

-- check after: no sealed value stands in the log
select
    e.org_id || ' ' || e.seq as subject,
    'a sealed value of ' || e.subject as detail
from audit.events as e
where
    e.changes::text ~ (
        '"(v2:[1-9][0-9]{0,8}|k1:[a-z0-9_-]{1,63}):[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]'
        '|"[0-9A-Fa-f]{24}:[0-9A-Fa-f]{32}:'
    );
