-- Casts, but not the one that comes with a range.
select
    'cast' as kind,
    format(
        '(%s as %s)',
        format_type(c.castsource, null),
        format_type(c.casttarget, null)
    ) as name,
    c.tableoid as class,
    c.oid,
    case c.castmethod
        when 'f' then 'with function ' || c.castfunc::regprocedure::text
        when 'i' then 'with inout'
        else 'without function'
    end as method,
    case c.castcontext when 'a' then 'assignment' when 'i' then 'implicit' end as context
from pg_cast c
where c.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = c.tableoid
            and d.objid = c.oid
            and d.deptype in ('e', 'i')
    );
