-- since: 20260212_org_feature_flags_flag_index

-- check: every foreign key has an index
select
    format('%s on %s', k.conname, k.conrelid::regclass) as subject,
    pg_get_constraintdef(k.oid) as detail
from pg_constraint as k
where
    k.contype = 'f'
    and k.connamespace = any('{public,private,audit}'::regnamespace[])
    and not exists (
        select
        from pg_index as i
        where
            i.indrelid = k.conrelid
            and i.indisvalid
            and i.indexprs is null
            and k.conkey @> (i.indkey::smallint[])[0:cardinality(k.conkey) - 1]
            and k.conkey <@ (i.indkey::smallint[])[0:cardinality(k.conkey) - 1]
            -- What is null refers to nothing, and need not be found.
            and coalesce(pg_get_expr(i.indpred, i.indrelid), '(x IS NOT NULL)')
            ~ '^\(\w+ IS NOT NULL\)$'
    );

-- check: no two indexes do the same
select
    string_agg(i.indexrelid::regclass::text, ', ' order by i.indexrelid) as subject,
    'the same on ' || i.indrelid::regclass as detail
from pg_index as i
inner join pg_class as c
    on i.indrelid = c.oid
where c.relnamespace = any('{public,private,audit}'::regnamespace[])
group by
    i.indrelid,
    i.indkey::text,
    i.indclass::text,
    i.indcollation::text,
    i.indoption::text,
    pg_get_expr(i.indexprs, i.indrelid),
    pg_get_expr(i.indpred, i.indrelid)
having count(*) > 1;

-- check: every index can be used
select
    i.indexrelid::regclass::text as subject,
    'invalid or not ready' as detail
from pg_index as i
inner join pg_class as c
    on i.indrelid = c.oid
where
    c.relnamespace = any('{public,private,audit}'::regnamespace[])
    and not (i.indisvalid and i.indisready);

-- check: every constraint is validated
select
    format('%s on %s', k.conname, k.conrelid::regclass) as subject,
    'not valid' as detail
from pg_constraint as k
where
    k.connamespace = any('{public,private,audit}'::regnamespace[])
    and not k.convalidated;
