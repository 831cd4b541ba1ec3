-- Security labels, those of the database itself among them.
select
    classoid as class,
    objoid as oid,
    objsubid as number,
    provider,
    label
from pg_seclabel
where objoid >= 16384
    or objoid = 2200 and classoid = 'pg_namespace'::regclass
union all
select
    s.classoid,
    s.objoid,
    0,
    s.provider,
    s.label
from pg_shseclabel s
where s.classoid = 'pg_database'::regclass
    and s.objoid = (
        select d.oid
        from pg_database d
        where d.datname = current_database()
    );
