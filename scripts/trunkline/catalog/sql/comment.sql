select
    classoid as class,
    objoid as oid,
    objsubid as number,
    description as comment
from pg_description
where objoid >= 16384
    or objoid = 2200 and classoid = 'pg_namespace'::regclass
    or classoid = 'pg_extension'::regclass;
