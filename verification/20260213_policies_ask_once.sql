-- check: row-level security is forced on every table of the baseline
select
    c.relname as subject,
    'row-level security is not enabled and forced' as detail
from pg_class as c
where
    c.oid in (
        to_regclass('public.organizations'),
        to_regclass('public.user_org_roles'),
        to_regclass('public.org_credentials'),
        to_regclass('public.twilio_subaccounts'),
        to_regclass('public.managed_phone_numbers'),
        to_regclass('public.agents'),
        to_regclass('public.feature_flags'),
        to_regclass('public.org_feature_flags')
    )
    and not (c.relrowsecurity and c.relforcerowsecurity);

-- check: the owner's functions and the backend see every row
select
    expected.name as subject,
    'no policy for service_role and the owner' as detail
from (
    values
    ('organizations'),
    ('user_org_roles'),
    ('org_credentials'),
    ('twilio_subaccounts'),
    ('managed_phone_numbers'),
    ('agents'),
    ('feature_flags'),
    ('org_feature_flags')
) as expected (name)
inner join pg_class as c
    on c.oid = to_regclass('public.' || expected.name)
left join pg_policy as p
    on
        p.polrelid = c.oid
        and p.polcmd = '*'
        and pg_get_expr(p.polqual, p.polrelid) = 'true'
        and pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
        and p.polroles @> array['service_role'::regrole::oid, c.relowner]
where p.oid is null;

-- check: a policy for signed-in users asks for the organization once in a query
select
    p.polrelid::regclass || '.' || p.polname as subject,
    pg_get_expr(p.polqual, p.polrelid) as detail
from pg_policy as p
where
    p.polroles @> array['authenticated'::regrole::oid]
    and pg_get_expr(p.polqual, p.polrelid) not in (
        'true',
        '(id = ( SELECT private.current_org_id() AS current_org_id))',
        '(org_id = ( SELECT private.current_org_id() AS current_org_id))'
    );
