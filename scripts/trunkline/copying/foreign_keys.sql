-- Every foreign key between tables, once: those of partitions that came from their
-- table's are left out.
select
    k.conrelid as child,
    k.confrelid as parent,
    array(
        select a.attname::text
        from unnest(k.conkey) with ordinality as u (number, place)
        inner join pg_attribute as a
            on a.attrelid = k.conrelid and a.attnum = u.number
        order by u.place
    ) as child_columns,
    array(
        select a.attname::text
        from unnest(k.confkey) with ordinality as u (number, place)
        inner join pg_attribute as a
            on a.attrelid = k.confrelid and a.attnum = u.number
        order by u.place
    ) as parent_columns,
    array(
        select format_type(a.atttypid, a.atttypmod)
        from unnest(k.confkey) with ordinality as u (number, place)
        inner join pg_attribute as a
            on a.attrelid = k.confrelid and a.attnum = u.number
        order by u.place
    ) as types
from pg_constraint as k
where k.contype = 'f' and k.conparentid = 0
order by k.oid
