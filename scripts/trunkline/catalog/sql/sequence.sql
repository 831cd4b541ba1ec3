-- Sequences and their parameters; never their positions.
select
    'sequence' as kind,
    c.oid::regclass::text as name,
    c.tableoid as class,
    c.oid,
    c.relowner::regrole::text as owner,
    c.relacl::text[] as acl,
    case
        when c.relacl is not null then acldefault('s', c.relowner)::text[]
    end as acl_default,
    case c.relpersistence when 'u' then 'unlogged' end as persistence,
    format_type(s.seqtypid, null) as type,
    s.seqstart as start,
    s.seqincrement as increment,
    s.seqmin as minimum,
    s.seqmax as maximum,
    s.seqcache as cache,
    s.seqcycle as cycle,
    own.refobjid as owner_table,
    own.refobjsubid as owner_column,
    own.deptype = 'i' as of_identity
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join pg_namespace n
    on n.oid = c.relnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
left join pg_depend own
    on own.classid = c.tableoid
    and own.objid = c.oid
    and own.objsubid = 0
    and own.refclassid = c.tableoid
    and own.deptype in ('a', 'i')
    and own.refobjsubid > 0
where c.oid >= 16384
    and not exists (
        select
        from pg_depend d
        where d.classid = c.tableoid
            and d.objid = c.oid
            and d.deptype = 'e'
    );
