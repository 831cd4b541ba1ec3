-- The objects that new rows of the catalogs are about, what stands on them, and what
-- all these are told with.
with recursive fresh (class, oid) as (
    /* rows */
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
    join pg_depend d
        on d.refclassid = s.class
        and d.refobjid = s.oid
)

select
    s.class,
    s.oid
from standing s
union
select
    'pg_class'::regclass,
    d.adrelid
from standing s
join pg_attrdef d
    on s.class = 'pg_attrdef'::regclass
    and d.oid = s.oid
union
select
    'pg_class'::regclass,
    r.ev_class
from standing s
join pg_rewrite r
    on s.class = 'pg_rewrite'::regclass
    and r.oid = s.oid
union
select
    'pg_class'::regclass,
    con.conrelid
from standing s
join pg_constraint con
    on s.class = 'pg_constraint'::regclass
    and con.oid = s.oid
    and con.contype = 'n'
    and con.conrelid <> 0
union
select
    'pg_type'::regclass,
    con.contypid
from standing s
join pg_constraint con
    on s.class = 'pg_constraint'::regclass
    and con.oid = s.oid
    and con.contypid <> 0
union
select
    con.tableoid,
    con.oid
from standing s
join pg_constraint con
    on s.class = 'pg_class'::regclass
    and con.conindid = s.oid
    and con.contype in ('p', 'u', 'x')
union
select
    c.tableoid,
    c.oid
from standing s
join pg_class c
    on s.class = 'pg_class'::regclass
    and c.reltoastrelid = s.oid
union
select
    t.tableoid,
    t.oid
from standing s
join pg_type t
    on s.class = 'pg_class'::regclass
    and t.typrelid = s.oid
union
select
    'pg_class'::regclass,
    t.typrelid
from standing s
join pg_type t
    on s.class = 'pg_type'::regclass
    and t.oid = s.oid
    and t.typrelid <> 0;
