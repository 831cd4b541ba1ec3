select
    'rule' as kind,
    quote_ident(r.rulename) as name,
    r.tableoid as class,
    r.oid,
    r.ev_class as parent,
    pg_get_ruledef(r.oid) as definition,
    case r.ev_enabled
        when 'D' then 'disabled'
        when 'R' then 'replica'
        when 'A' then 'always'
    end as firing
from pg_rewrite r
where r.oid >= 16384
    and r.rulename <> '_RETURN';
