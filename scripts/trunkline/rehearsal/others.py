"""What of a server and of a database neither roles nor the catalog's snapshot tell.

Tablespaces, replication slots and origins, what somebody made in a schema of the
system's or of trunkline's, and the passwords of user mappings, as digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from psycopg import Connection

from trunkline.catalog import Difference
from trunkline.catalog.secrets import SECRET
from trunkline.catalog.words import change_in_words, literal, shown

SHARED = ("pg_authid", "pg_replication_origin", "pg_shdescription", "pg_tablespace")
CATALOGS = (*SHARED, "pg_foreign_server", "pg_user_mapping")
"""What they are read from, but for what leaves a trace; `SHARED` by all databases."""

_SCHEMAS = (
    "select oid from pg_catalog.pg_namespace"
    " where nspname in ('pg_catalog', 'information_schema', 'trunkline')"
)
#: To plan the query for all of them takes longer than anything else that is read of a
#: database in which little has changed.
_TRACES = f"""
select concat_ws(' ', oid, xmin)
from pg_catalog.pg_class
where oid >= 16384
    and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    and relnamespace in ({_SCHEMAS})
union all
select concat_ws(' ', oid, xmin)
from pg_catalog.pg_proc
where oid >= 16384
    and pronamespace in ({_SCHEMAS})
union all
select concat_ws(' ', slot_name, slot_type, plugin, datoid)
from pg_catalog.pg_get_replication_slots()
where not temporary
order by 1
"""


@dataclass(frozen=True)
class Other:
    """A fact, and the SQL for it."""

    value: str
    make: str = field(compare=False)
    remove: str = field(compare=False)


@dataclass(frozen=True)
class Others:
    """Facts by kind and name; `traces` of what can be written without a catalog of
    `CATALOGS`."""

    traces: tuple[str, ...] = field(compare=False)
    facts: Mapping[tuple[str, str], Other]


def read(
    connection: Connection, since: Others | None = None, *, written: bool = True
) -> Others:
    """Read them where they can be others than `since`: `written` says that of what
    leaves no trace.
    """
    traces = tuple(trace for (trace,) in connection.execute(_TRACES))
    if since is not None and not written and traces == since.traces:
        return since
    rows = connection.execute(_query()).fetchall()
    facts = {(object_, name): Other(*about) for object_, name, *about in rows}
    return Others(traces, facts)


@cache
def _query() -> bytes:
    """Each with the statements that make it what it is, and that take it away.

    A password has none: nobody can put back what is not shown; one that is missing is
    the catalog's matter. That of a role is left out: the same one is another each time
    that it is set.
    """
    text = files("trunkline.rehearsal").joinpath("others.sql").read_text("utf-8")
    return text.replace("$1", literal(SECRET.pattern)).encode()


def compare(expected: Others, found: Others) -> list[Difference]:
    """What of them is missing, unexpected or differs."""
    differences = []
    for object_, name in sorted(expected.facts.keys() | found.facts.keys()):
        want = expected.facts.get((object_, name))
        have = found.facts.get((object_, name))
        if want == have:
            continue
        repair = want.make if want is not None else ""
        if want is None and have is not None:
            repair = have.remove
        if object_ == "replication slot" and want is not None and have is not None:
            repair = f"{have.remove}\n{repair}"
        if object_ != "password":
            was, is_ = want.value if want else None, have.value if have else None
            differences.append(difference(object_, name, was, is_, repair))
        elif want is not None and have is not None:
            detail = "it is another one than before; neither is shown"
            differences.append(Difference("differs", object_, name, detail, ""))
    return differences


def difference(
    object_: str, name: str, want: str | None, have: str | None, repair: str
) -> Difference:
    """That a fact is missing, unexpected or another than it should be."""
    if have is None:
        detail = f"expected {shown(literal(want or ''))}"
        return Difference("missing", object_, name, detail, repair)
    if want is None:
        detail = f"found {shown(literal(have))}"
        return Difference("unexpected", object_, name, detail, repair)
    detail = change_in_words(object_, want, have)
    return Difference("differs", object_, name, detail, repair)
