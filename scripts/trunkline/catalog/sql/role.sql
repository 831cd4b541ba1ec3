-- Roles whose names need quotes; pg_catalog writes them without in an aclitem.
select
    rolname,
    quote_ident(rolname)
from pg_roles
where quote_ident(rolname) <> rolname;
