select
    'event trigger' as kind,
    quote_ident(t.evtname) as name,
    t.tableoid as class,
    t.oid,
    t.evtowner::regrole::text as owner,
    t.evtevent as event,
    array(
        select tag
        from unnest(t.evttags) as tag
        order by 1
    ) as tags,
    t.evtfoid::regproc::text as function,
    case t.evtenabled
        when 'D' then 'disabled'
        when 'R' then 'replica'
        when 'A' then 'always'
    end as firing
from pg_event_trigger t
where not exists (
    select
    from pg_depend d
    where d.classid = t.tableoid
        and d.objid = t.oid
        and d.deptype = 'e'
);
