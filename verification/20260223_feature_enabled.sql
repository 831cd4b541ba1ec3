-- check after: a roll-out of n percent is n buckets of a hundred
select
    n.percentage || ' %' as subject,
    count(*) || ' of 500 organizations' as detail
from (values (0, 0, 0), (1, 1, 20), (50, 200, 300), (100, 500, 500))
    as n (percentage, at_least, at_most)
cross join generate_series(1, 500) as o (number)
where
    private.rollout_bucket('a_flag', md5(o.number::text)::uuid) between 0
    and n.percentage - 1
group by n.percentage, n.at_least, n.at_most
having count(*) not between n.at_least and n.at_most;

-- check: the bucket of an organization is known, and between 0 and 99
select
    o.number::text as subject,
    coalesce(b.bucket::text, 'no bucket') as detail
from generate_series(1, 100) as o (number)
cross join
    lateral (
        select private.rollout_bucket('b_flag', md5(o.number::text)::uuid) as bucket
    ) as b
where (b.bucket between 0 and 99) is not true;

-- check: an organization's own setting comes first, and the claims say which it is
select
    'api.features' as subject,
    coalesce(array_to_string(c.reloptions, ', '), 'missing or no options') as detail
from (values ('api.features')) as expected (name)
left join pg_class as c
    on c.oid = to_regclass(expected.name)
where
    (c.reloptions @> array['security_invoker=true', 'security_barrier=true'])
    is not true
    or regexp_replace(pg_get_viewdef(c.oid), '\s+', ' ', 'g') not like
    '%COALESCE(o.enabled, (COALESCE(f.enabled_globally, false) AND%'
    || '(private.rollout_bucket(f.flag_key, me.org_id)'
    || ' < COALESCE(f.rollout_percentage, 0))), false)%'
    || '%private.current_org_id()%';

-- check: an unknown feature is off
select
    'no_such_flag' as subject,
    'is on' as detail
where api.feature_enabled('no_such_flag') is distinct from false;

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
        'private.rollout_bucket(text, uuid)',
        '65b69b3ae417f3ef964695ae63eaaddd',
        'authenticated'
    ),
    ('api.feature_enabled(text)', 'e2beb777cdd195ca50280aac67b1fecd', 'authenticated')
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
