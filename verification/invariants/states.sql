-- since: 20260222_provider_operations

-- check after: whatever is in a state got there along the known steps
with recursive reached (machine, state) as (
    select
        t.machine,
        t.to_state
    from public.provisioning_transitions as t
    where t.from_state = '(new)'
    union
    select
        t.machine,
        t.to_state
    from reached as r
    inner join public.provisioning_transitions as t
        on
            r.machine = t.machine
            and r.state = t.from_state
),

stands (machine, state, rows) as (
    select
        'number',
        n.status,
        count(*)
    from public.managed_phone_numbers as n
    group by n.status
    union all
    select
        'subaccount',
        s.status,
        count(*)
    from public.twilio_subaccounts as s
    group by s.status
    union all
    select
        'request',
        p.state,
        count(*)
    from public.provisioning_requests as p
    group by p.state
    union all
    select
        'operation',
        o.state,
        count(*)
    from public.provider_operations as o
    group by o.state
)

select
    s.machine || ' ' || s.state as subject,
    format('%s rows, and no way leads there', s.rows) as detail
from stands as s
left join reached as r
    on
        s.machine = r.machine
        and s.state = r.state
where r.state is null;

-- check: each machine's tables ask for every step
select
    asked.tbl || '.' || asked.name as subject,
    'missing, or does not ask provisioning_transitions' as detail
from (
    values
    ('managed_phone_numbers', 'first_state', 'number'),
    ('managed_phone_numbers', 'next_state', 'number'),
    ('twilio_subaccounts', 'first_state', 'subaccount'),
    ('twilio_subaccounts', 'next_state', 'subaccount'),
    ('provisioning_requests', 'first_state', 'request'),
    ('provisioning_requests', 'next_state', 'request'),
    ('provider_operations', 'first_state', 'operation'),
    ('provider_operations', 'next_state', 'operation')
) as asked (tbl, name, machine)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || asked.tbl)
        and t.tgname = asked.name
        and t.tgenabled <> 'D'
        and pg_get_triggerdef(t.oid) like '% EXECUTE FUNCTION '
        || 'private.follow_transition(''' || asked.machine || ''')'
where t.oid is null;
