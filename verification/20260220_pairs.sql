-- check: half a pair is looked for at every commit, from both sides
select
    expected.tbl as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    values
    (
        'managed_phone_numbers',
        'number_has_its_credential',
        'status, phone_number',
        'keep_pair_of_number'
    ),
    (
        'org_credentials',
        'credential_has_its_number',
        'is_active, phone_number',
        'keep_pair_of_credential'
    )
) as expected (tbl, name, columns, function)
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = expected.name
where
    t.tgenabled is distinct from 'O'
    or pg_get_triggerdef(t.oid) <> format(
        'CREATE CONSTRAINT TRIGGER %s AFTER INSERT OR DELETE OR UPDATE OF %s ON'
        || ' public.%s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW'
        || ' EXECUTE FUNCTION private.%s()',
        expected.name,
        expected.columns,
        expected.tbl,
        expected.function
    );

-- check: both halves are looked up and locked, as the owner
select
    expected.function as subject,
    'missing, or without ' || expected.part as detail
from (
    values
    ('keep_pair(uuid, text)', false, 'and n.status = ''active'''),
    ('keep_pair(uuid, text)', false, 'and c.is_managed'),
    ('keep_pair(uuid, text)', false, 'and c.is_active'),
    ('keep_pair(uuid, text)', false, 'if has_number <> has_credential then'),
    ('keep_pair(uuid, text)', false, 'for share'),
    ('keep_pair_of_number()', true, 'private.keep_pair(old.org_id, old.phone_number)'),
    ('keep_pair_of_number()', true, 'private.keep_pair(new.org_id, new.phone_number)'),
    (
        'keep_pair_of_credential()',
        true,
        'private.keep_pair(old.org_id, old.phone_number)'
    ),
    (
        'keep_pair_of_credential()',
        true,
        'private.keep_pair(new.org_id, new.phone_number)'
    )
) as expected (function, as_owner, part)
left join pg_proc as p
    on
        p.oid = to_regprocedure('private.' || expected.function)
        and p.prosecdef = expected.as_owner
where coalesce(position(expected.part in p.prosrc), 0) = 0;

-- check after: every active managed number has its credential, and the reverse
select
    coalesce(n.phone_number, c.phone_number) as subject,
    coalesce(n.org_id, c.org_id) || ' has no '
    || case when c.org_id is null then 'credential' else 'number' end as detail
from (
    select
        m.org_id,
        m.phone_number
    from public.managed_phone_numbers as m
    where m.status = 'active'
) as n
full join (
    select
        o.org_id,
        o.phone_number
    from public.org_credentials as o
    where o.is_managed and o.is_active
) as c
    on
        n.org_id = c.org_id
        and n.phone_number = c.phone_number
where n.org_id is null or c.org_id is null;

-- check: the functions stand as this change made them, for those they are for
select
    expected.name as subject,
    coalesce(
        'fingerprint ' || md5(replace(pg_get_functiondef(p.oid), 'public.', '')),
        'missing'
    ) as detail
from (
    values
    ('private.keep_pair(uuid, text)', 'aebc3189efca8c6f7dc4d883fe3485d4', 'nobody'),
    ('private.keep_pair_of_number()', '94836c85ff23e617215a23fba623e7ab', 'nobody'),
    (
        'private.keep_pair_of_credential()',
        '957bb995b30d5e07fcb95eb0300e6bbb',
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
