select
    'trigger' as kind,
    quote_ident(t.tgname) as name,
    t.tableoid as class,
    t.oid,
    t.tgrelid as parent,
    pg_get_triggerdef(t.oid) as definition,
    case t.tgenabled
        when 'D' then 'disabled'
        when 'R' then 'replica'
        when 'A' then 'always'
    end as firing,
    up.tgrelid as parent_table,
    quote_ident(up.tgname) as parent_name
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n
    on n.oid = c.relnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
left join pg_trigger up on t.tgparentid <> 0 and up.oid = t.tgparentid
where t.oid >= 16384
    and not t.tgisinternal;
