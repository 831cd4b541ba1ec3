-- What stands on what: the order of repairs follows from it.
select
    classid,
    objid,
    objsubid,
    refclassid,
    refobjid,
    refobjsubid,
    deptype::text
from pg_depend
where objid >= 16384
    and (classid, objid) <> (refclassid, refobjid);
