select
    'policy' as kind,
    quote_ident(p.polname) as name,
    p.tableoid as class,
    p.oid,
    p.polrelid as parent,
    case p.polcmd
        when 'r' then 'select'
        when 'a' then 'insert'
        when 'w' then 'update'
        when 'd' then 'delete'
    end as command,
    not p.polpermissive as restrictive,
    array(
        select case when role = 0 then 'public' else role::regrole::text end
        from unnest(p.polroles) as role
        order by 1
    ) as roles,
    pg_get_expr(p.polqual, p.polrelid) as "using",
    pg_get_expr(p.polwithcheck, p.polrelid) as with_check
from pg_policy p
where p.oid >= 16384;
