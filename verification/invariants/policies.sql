-- since: 20260213_policies_ask_once

-- check: a policy asks once for the organization, not for every row
select
    format('%s on %s', p.polname, p.polrelid::regclass) as subject,
    asks.expression as detail
from pg_policy as p
inner join pg_class as c
    on p.polrelid = c.oid
cross join
    lateral (
        values
        (pg_get_expr(p.polqual, p.polrelid)),
        (pg_get_expr(p.polwithcheck, p.polrelid))
    ) as asks (expression)
where
    c.relnamespace = any('{public,private,audit}'::regnamespace[])
    and regexp_replace(
        asks.expression, '\( SELECT (private\.)?\w+\(\) AS \w+\)', '', 'g'
    )
    ~ '(private\.|auth_|current_setting|auth\.)';

-- check: no policy trusts what users can write into their claims
select
    format('%s on %s', p.polname, p.polrelid::regclass) as subject,
    'user_metadata' as detail
from pg_policy as p
where
    concat(
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    )
    ~ 'user_metadata';

-- check: for each role and command there is one policy, not several to be joined
select
    format('%s, %s, %s', p.polrelid::regclass, does.command, who.role::regrole)
        as subject,
    string_agg(p.polname, ', ' order by p.polname) as detail
from pg_policy as p
inner join pg_class as c
    on p.polrelid = c.oid
cross join
    lateral unnest(
        case p.polcmd
            when 'r' then '{select}'::text[]
            when 'a' then '{insert}'
            when 'w' then '{update}'
            when 'd' then '{delete}'
            else '{select,insert,update,delete}'
        end
    ) as does (command)
cross join
    lateral (
        select r.oid as role
        from pg_roles as r
        where
            (p.polroles @> '{0}' or p.polroles @> array[r.oid])
            and (r.oid = c.relowner or r.rolname !~ '^pg_')
    ) as who
where
    c.relnamespace = any('{public,private,audit}'::regnamespace[])
    and p.polpermissive
group by p.polrelid, does.command, who.role
having count(*) > 1;

-- check: no policy says yes to every row, but for our own roles and what all may read
select
    format('%s on %s', p.polname, p.polrelid::regclass) as subject,
    'always true for ' || coalesce(r.rolname, 'public') as detail
from pg_policy as p
inner join pg_class as c
    on p.polrelid = c.oid
cross join lateral unnest(p.polroles) as who (role)
left join pg_roles as r
    on who.role = r.oid
where
    c.relnamespace = any('{public,private,audit}'::regnamespace[])
    and (
        pg_get_expr(p.polqual, p.polrelid) = 'true'
        or pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
    )
    and not (
        r.oid is not distinct from c.relowner
        or r.rolname in ('service_role', 'telephony_backfill')
        or (r.rolname = 'telephony_auditor' and p.polcmd = 'r')
        -- The same for everybody: sentences and switches, no rows of organizations.
        or (
            p.polcmd = 'r'
            and r.rolname = 'authenticated'
            and p.polrelid in (
                to_regclass('public.telephony_reasons'),
                to_regclass('public.feature_flags')
            )
        )
    );
