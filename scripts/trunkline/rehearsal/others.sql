select
    'replication slot' as object,
    slot_name as name,
    concat_ws(' ', slot_type, plugin) as value,
    case slot_type
        when 'physical'
            then format('select pg_create_physical_replication_slot(%L);', slot_name)
        else format(
            'select pg_create_logical_replication_slot(%L, %L);', slot_name, plugin
        )
    end as make,
    format('select pg_drop_replication_slot(%L);', slot_name) as remove
from pg_catalog.pg_replication_slots
where not temporary and coalesce(database, current_database()) = current_database()
union all
select
    'replication origin',
    roname,
    'an origin',
    format('select pg_replication_origin_create(%L);', roname),
    format('select pg_replication_origin_drop(%L);', roname)
from pg_catalog.pg_replication_origin
where not exists (
    select
    from pg_catalog.pg_subscription as s
    where roname = 'pg_' || s.oid
)
union all
select
    'tablespace',
    quote_ident(spcname),
    format('owner %I', pg_get_userbyid(spcowner)),
    format('alter tablespace %I owner to %I;', spcname, pg_get_userbyid(spcowner)),
    format('drop tablespace %I;', spcname)
from pg_catalog.pg_tablespace
union all
select
    'comment',
    format('on tablespace %I', spcname),
    c.text,
    format('comment on tablespace %I is %L;', spcname, c.text),
    format('comment on tablespace %I is null;', spcname)
from pg_catalog.pg_tablespace as t
cross join lateral pg_catalog.shobj_description(t.oid, 'pg_tablespace') as c (text)
where c.text is not null
union all
select
    'option',
    format('%I of tablespace %I', option_name, spcname),
    option_value,
    format('alter tablespace %I set (%I = %s);', spcname, option_name, option_value),
    format('alter tablespace %I reset (%I);', spcname, option_name)
from pg_catalog.pg_tablespace
cross join lateral pg_catalog.pg_options_to_table(spcoptions)
union all
select
    'password',
    format(
        'in option %I of user mapping for %s server %I',
        option_name,
        case when umuser = 0 then 'public' else quote_ident(usename) end,
        srvname
    ),
    md5(option_value),
    '',
    ''
from pg_catalog.pg_user_mappings
cross join lateral pg_catalog.pg_options_to_table(umoptions)
where option_name ~* $1
union all
select
    i.type,
    i.identity,
    o.value,
    o.make,
    format('drop %s %s;', i.type, i.identity)
from (
    select
        'pg_class'::regclass as class,
        oid,
        relnamespace as schema,
        'there' as value,
        '' as make
    from pg_catalog.pg_class
    where oid >= 16384 and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all
    select
        'pg_proc'::regclass,
        oid,
        pronamespace,
        case when prokind in ('f', 'p') then pg_get_functiondef(oid) else 'there' end,
        case when prokind in ('f', 'p') then pg_get_functiondef(oid) || ';' else '' end
    from pg_catalog.pg_proc
    where oid >= 16384
        and pronamespace in (
            select oid
            from pg_catalog.pg_namespace
            where nspname in ('pg_catalog', 'information_schema', 'trunkline')
        )
) as o
inner join pg_catalog.pg_namespace as n
    on o.schema = n.oid
    and n.nspname in ('pg_catalog', 'information_schema', 'trunkline')
cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) as i
where not exists (
    select
    from pg_catalog.pg_depend as d
    where d.classid = o.class and d.objid = o.oid and d.deptype = 'e'
)
