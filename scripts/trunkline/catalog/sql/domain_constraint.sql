select
    'constraint' as kind,
    quote_ident(con.conname) as name,
    con.tableoid as class,
    con.oid,
    con.contypid as parent_domain,
    'check' as type,
    regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', '') as definition,
    not con.convalidated as not_valid
from pg_constraint con
where con.oid >= 16384
    and con.contypid <> 0
    and con.contype = 'c';
