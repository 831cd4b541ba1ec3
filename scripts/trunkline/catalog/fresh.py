"""Which objects of a database can be told otherwise than when it was last looked at.

Found are rows of the catalogs that are newer than the last look, by the number of the
transaction that wrote them; with them what stands on their objects, since a name of
theirs may be written in its definition, and what they are told with. What was dropped
is found by what is left. The server's own counters of rows written say which catalogs
need be searched at all; one that is not among those below is not understood here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from trunkline.catalog.queries import body

Counters = Mapping[str, tuple[int, int]]
"""For each catalog the rows inserted and updated, and the rows deleted, so far."""

#: The counters are those of this database and, for roles and the like, of the server;
#: none where it does not count.
LOOK = """
select
    pg_snapshot_xmax(pg_current_snapshot())::text,
    coalesce(array_agg(c.relname::text), '{}'),
    coalesce(
        array_agg(
            pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid)
        ),
        '{}'
    ),
    coalesce(array_agg(pg_stat_get_tuples_deleted(c.oid)), '{}')
from pg_class c
where c.relnamespace = 'pg_catalog'::regnamespace
    and c.relkind = 'r'
    and current_setting('track_counts')::boolean
"""

COMMENTED = """
select
    classoid,
    objoid,
    objsubid
from pg_description
where objoid >= 16384
    or objoid = 2200 and classoid = 'pg_namespace'::regclass
    or classoid = 'pg_extension'::regclass
"""

#: What a new row of a catalog (`x`) is about: an object, and what it is told with.
_ABOUT = {
    "pg_aggregate": "('pg_proc'::regclass, x.aggfnoid::oid)",
    "pg_attrdef": "(x.tableoid, x.oid), ('pg_class'::regclass, x.adrelid)",
    "pg_attribute": "('pg_class'::regclass, x.attrelid)",
    "pg_cast": "(x.tableoid, x.oid)",
    "pg_class": "(x.tableoid, x.oid)",
    "pg_constraint": "(x.tableoid, x.oid), ('pg_class'::regclass, x.conrelid),"
    " ('pg_class'::regclass, x.conindid), ('pg_type'::regclass, x.contypid)",
    "pg_default_acl": "(x.tableoid, x.oid)",
    "pg_depend": "(x.classid, x.objid)",
    "pg_description": "(x.classoid, x.objoid)",
    "pg_enum": "('pg_type'::regclass, x.enumtypid)",
    "pg_event_trigger": "(x.tableoid, x.oid)",
    "pg_foreign_data_wrapper": "(x.tableoid, x.oid)",
    "pg_foreign_server": "(x.tableoid, x.oid)",
    "pg_foreign_table": "('pg_class'::regclass, x.ftrelid)",
    "pg_index": "('pg_class'::regclass, x.indexrelid),"
    " ('pg_class'::regclass, x.indrelid)",
    "pg_inherits": "('pg_class'::regclass, x.inhrelid),"
    " ('pg_class'::regclass, x.inhparent)",
    "pg_namespace": "(x.tableoid, x.oid)",
    "pg_partitioned_table": "('pg_class'::regclass, x.partrelid)",
    "pg_policy": "(x.tableoid, x.oid), ('pg_class'::regclass, x.polrelid)",
    "pg_proc": "(x.tableoid, x.oid)",
    "pg_publication": "(x.tableoid, x.oid)",
    "pg_publication_namespace": "('pg_publication'::regclass, x.pnpubid)",
    "pg_publication_rel": "('pg_publication'::regclass, x.prpubid)",
    "pg_range": "('pg_type'::regclass, x.rngtypid)",
    "pg_rewrite": "(x.tableoid, x.oid), ('pg_class'::regclass, x.ev_class)",
    "pg_sequence": "('pg_class'::regclass, x.seqrelid)",
    "pg_statistic_ext": "(x.tableoid, x.oid), ('pg_class'::regclass, x.stxrelid)",
    "pg_trigger": "(x.tableoid, x.oid), ('pg_class'::regclass, x.tgrelid),"
    " ('pg_constraint'::regclass, x.tgconstraint)",
    "pg_ts_config": "(x.tableoid, x.oid)",
    "pg_ts_config_map": "('pg_ts_config'::regclass, x.mapcfg)",
    "pg_ts_dict": "(x.tableoid, x.oid)",
    "pg_type": "(x.tableoid, x.oid)",
    "pg_user_mapping": "(x.tableoid, x.oid)",
}
#: What of these is written to tells nothing that a snapshot holds.
_UNTOLD = frozenset({"pg_shdepend", "pg_statistic", "pg_statistic_ext_data"})

OF_OBJECTS = {
    "pg_attrdef": 2604,
    "pg_cast": 2605,
    "pg_class": 1259,
    "pg_constraint": 2606,
    "pg_default_acl": 826,
    "pg_event_trigger": 3466,
    "pg_foreign_data_wrapper": 2328,
    "pg_foreign_server": 1417,
    "pg_namespace": 2615,
    "pg_policy": 3256,
    "pg_proc": 1255,
    "pg_publication": 6104,
    "pg_publication_namespace": 6237,
    "pg_publication_rel": 6106,
    "pg_rewrite": 2618,
    "pg_statistic_ext": 3381,
    "pg_trigger": 2620,
    "pg_ts_config": 3602,
    "pg_ts_dict": 3600,
    "pg_type": 1247,
    "pg_user_mapping": 1418,
}
"""The catalogs of objects, with their OIDs, which are the same everywhere
(src/include/catalog): where a row of one is gone, an object is."""


def written(before: Counters, now: Counters) -> frozenset[str] | None:
    """The catalogs that have been written to; None if one is not understood, or if
    nothing is counted."""
    if not before or not now:
        return None
    found = {name for name, count in now.items() if before.get(name) != count}
    found -= _UNTOLD
    return frozenset(found) if found <= _ABOUT.keys() else None


def are_same(before: Counters, now: Counters, catalogs: Iterable[str]) -> bool:
    """Whether nobody has written to these catalogs; False where nothing is counted."""
    return bool(before and now) and all(before[n] == now[n] for n in catalogs)


def thinned(before: Counters, now: Counters) -> frozenset[str]:
    """The catalogs from which rows were deleted."""
    return frozenset(n for n, count in now.items() if before[n][1] != count[1])


@cache
def touched(catalogs: frozenset[str]) -> str:
    """The query for the objects that a new row of these catalogs is about.

    `$1` is the number of the first transaction that may have written one.
    """
    rows = " union ".join(
        f"select v.class, v.oid from pg_catalog.{name} as x"
        f" cross join lateral (values {_ABOUT[name]}) as v (class, oid)"
        " where age(x.xmin) <= (select age($1::xid)) and v.oid <> 0"
        for name in sorted(catalogs)
    )
    return body("touched").replace("/* rows */", rows)


@cache
def left(catalogs: frozenset[str]) -> str:
    """The query for the objects in these catalogs that are there."""
    return " union all ".join(
        f"select tableoid, oid from pg_catalog.{name} where oid >= 16384"
        for name in sorted(OF_OBJECTS.keys() & catalogs)
    )
