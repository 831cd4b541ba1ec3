-- The objects that new rows of the catalogs are about, what stands on them, and what
-- all these are told with; some more than once. They are few, whatever the planner
-- makes of them, so each is looked up by itself (`lateral`, behind `offset 0`), and they
-- come out of arrays, from which ten rows are expected: a hash table is made as large as
-- its rows are expected to be many, and of a third of the catalogs that took longer than
-- all else.
with recursive written (class, oid) as materialized (
    /* rows */
),

fresh (class, oid) as (
    select
        f.class,
        f.oid
    from unnest(
        array(select w.class from written w), array(select w.oid from written w)
    ) as f (class, oid)
),

standing (class, oid) as (
    select
        f.class::oid,
        f.oid
    from fresh f
    union
    select
        d.classid,
        d.objid
    from standing s
    cross join lateral (
        select
            d.classid,
            d.objid
        from pg_depend d
        where d.refclassid = s.class
            and d.refobjid = s.oid
        offset 0
    ) d
)

select
    s.class,
    s.oid
from standing s
union all
select
    w.class,
    w.oid
from standing s
cross join lateral (
    select
        'pg_class'::regclass,
        d.adrelid
    from pg_attrdef d
    where s.class = 'pg_attrdef'::regclass
        and d.oid = s.oid
    union all
    select
        'pg_class'::regclass,
        r.ev_class
    from pg_rewrite r
    where s.class = 'pg_rewrite'::regclass
        and r.oid = s.oid
    union all
    select
        'pg_class'::regclass,
        con.conrelid
    from pg_constraint con
    where s.class = 'pg_constraint'::regclass
        and con.oid = s.oid
        and con.contype = 'n'
        and con.conrelid <> 0
    union all
    select
        'pg_type'::regclass,
        con.contypid
    from pg_constraint con
    where s.class = 'pg_constraint'::regclass
        and con.oid = s.oid
        and con.contypid <> 0
    union all
    select
        'pg_publication'::regclass,
        r.prpubid
    from pg_publication_rel r
    where s.class = 'pg_publication_rel'::regclass
        and r.oid = s.oid
    union all
    select
        'pg_publication'::regclass,
        n.pnpubid
    from pg_publication_namespace n
    where s.class = 'pg_publication_namespace'::regclass
        and n.oid = s.oid
    union all
    -- A constraint's index, what a table has toasted, the class of a composite type.
    select
        d.refclassid,
        d.refobjid
    from pg_depend d
    where s.class = 'pg_class'::regclass
        and d.classid = s.class
        and d.objid = s.oid
        and d.deptype = 'i'
    union all
    -- A table may name an index of its own as what tells its rows apart.
    select
        'pg_class'::regclass,
        i.indrelid
    from pg_index i
    where s.class = 'pg_class'::regclass
        and i.indexrelid = s.oid
        and i.indisreplident
    union all
    select
        'pg_class'::regclass,
        t.typrelid
    from pg_type t
    where s.class = 'pg_type'::regclass
        and t.oid = s.oid
        and t.typrelid <> 0
    offset 0
) w (class, oid);
