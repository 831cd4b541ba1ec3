select
    'extension' as kind,
    quote_ident(e.extname) as name,
    e.tableoid as class,
    e.oid,
    quote_ident(n.nspname) as schema,
    e.extversion as version
from pg_extension e
join pg_namespace n on n.oid = e.extnamespace;
