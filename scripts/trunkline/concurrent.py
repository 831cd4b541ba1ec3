"""Statements that work beside the application, and can leave half of their work.

`create`, `drop` and `reindex index concurrently` and `detach partition concurrently`
wait for older transactions, and are several transactions themselves: cut off in
between, they leave an invalid index or a partition that is half detached. Here is what
they leave, how to know that it is ours, and whether their work is done. What was there
before is somebody else's, and is never touched.

Sources: the manual's "Building Indexes Concurrently", "Rebuilding Indexes
Concurrently" and "ALTER TABLE … DETACH PARTITION"; src/backend/commands/indexcmds.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from psycopg import Connection, sql

from trunkline.errors import Failure
from trunkline.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS = frozenset({"index_stmt", "drop_stmt", "reindex_stmt", "alter_table_stmt"})

_WHOLE = "i.indisvalid and i.indisready and i.indislive"
_INDEX = (
    f"select i.indexrelid, {_WHOLE}, format('%%I.%%I', n.nspname, c.relname),"
    " (i.indisunique, a.amname, i.indnkeyatts::int, i.indpred is not null)"
    " = (%s, %s, %s, %s)"
    " from pg_catalog.pg_index as i"
    " join pg_catalog.pg_class as c on c.oid = i.indexrelid"
    " join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
    " join pg_catalog.pg_am as a on a.oid = c.relam"
    " where i.indrelid = to_regclass(%s) and c.relname = %s"
)
#: What these do reads the whole table and writes a whole index.
BUILDS = frozenset({"create", "reindex"})
#: Every commit of the application waits for the WAL before it to be written, and what
#: builds an index writes a lot: compressed it is less, where this session may say so
#: and nobody has said otherwise, not even the change.
LESS_WAL = """do $$
begin
    perform set_config(
        name, case when 'lz4' = any(enumvals) then 'lz4' else 'on' end, false
    )
    from pg_catalog.pg_settings
    where name = 'wal_compression' and setting = 'off'
    and source in ('default', 'configuration file')
    and has_parameter_privilege(name, 'set');
end
$$;
"""

#: What a `reindex concurrently` of the named thing can leave: the new index, not yet
#: swapped in, or the old one, not yet dropped, of a table or of its TOAST table.
_TABLES = {
    "index": "select indrelid from pg_catalog.pg_index where indexrelid in"
    " (select to_regclass(%(name)s) union all"
    " select relid from pg_catalog.pg_partition_tree(to_regclass(%(name)s)))",
    "table": "select to_regclass(%(name)s)::oid union all"
    " select relid from pg_catalog.pg_partition_tree(to_regclass(%(name)s))",
    "schema": "select oid from pg_catalog.pg_class"
    " where relnamespace = to_regnamespace(%(name)s)",
    "database": "select oid from pg_catalog.pg_class",
}
_LEFT = (
    "with t (oid) as ({tables})"
    " select i.indexrelid, format('%%I.%%I', n.nspname, c.relname)"
    " from pg_catalog.pg_index as i"
    " join pg_catalog.pg_class as c on c.oid = i.indexrelid"
    " join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
    " where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$'"
    " and (i.indrelid in (select oid from t) or i.indrelid in"
    " (select m.reltoastrelid from t join pg_catalog.pg_class as m using (oid)))"
)


@dataclass(frozen=True)
class Concurrent:
    """What such a statement does; names are quoted as SQL has them.

    `relation` is the table of the index or of the partition, or what is reindexed or
    dropped; `scope` the kind of what is reindexed; `name` the index that is made
    (unquoted; None: the server makes up a name) or the partition. `form` are its
    uniqueness, method, number of keys and whether it is partial.
    """

    does: Literal["create", "drop", "reindex", "detach"]
    relation: str
    name: str | None = None
    scope: str = ""
    form: tuple[bool, str, int, bool] = (False, "", 0, False)


def of(statement: Statement) -> Concurrent | None:
    """What the statement does, where it is of this family."""
    if statement.kind not in _KINDS or "concurrently" not in statement.text.lower():
        return None
    import postgast

    node = postgast.parse(statement.text).stmts[0].stmt
    match statement.kind:
        case "index_stmt":
            return _created(node.index_stmt)
        case "drop_stmt":
            return _dropped(node.drop_stmt)
        case "reindex_stmt":
            return _reindexed(node.reindex_stmt)
        case _:
            return _detached(node.alter_table_stmt)


def strangers(connection: Connection, what: Concurrent) -> tuple[int, ...]:
    """The invalid indexes in its way before it is begun: somebody else has left them.

    Raises Failure where one has the name of the index to be made: it would have to be
    dropped, and whose it is cannot be known.
    """
    if what.does == "create":
        for _, whole, name, _ in _indexes(connection, what):
            if not whole:
                raise Failure(
                    f"there is an invalid index {name} that this change has not left",
                    detail="Somebody is building it, or has been cut off doing so.",
                    hint=f"If nobody is: drop index concurrently {name}; "
                    "then run again.",
                )
    return tuple(oid for oid, _ in _left(connection, what))


def remains(
    connection: Connection, what: Concurrent, strangers: Iterable[int]
) -> tuple[str, ...]:
    """The invalid indexes that it has left when it was cut off, by quoted name."""
    if what.does == "create":
        return tuple(
            name for _, whole, name, _ in _indexes(connection, what) if not whole
        )
    known = set(strangers)
    return tuple(name for oid, name in _left(connection, what) if oid not in known)


def is_done(connection: Connection, what: Concurrent) -> bool:
    """Whether its work is there, once it was begun; a reindex may be done again."""
    match what.does:
        case "create":
            return any(
                whole and alike for _, whole, _, alike in _indexes(connection, what)
            )
        case "drop":
            return not _exists(connection, what.relation)
        case "detach":
            return _detaching(connection, what) is None
        case _:
            return False


def fault(connection: Connection, what: Concurrent) -> str | None:
    """What is wrong with its work after it has succeeded; None: nothing."""
    if what.does != "create":
        return None
    found = _indexes(connection, what)
    for _, whole, name, _ in found:
        if not whole:
            return f"the index {name} is not valid"
    return None if found else f"there is no index {what.name} on {what.relation}"


def half_done(connection: Connection, what: Concurrent) -> str | None:
    """What it has begun and can only go on with; None: nothing."""
    if what.does == "detach" and _detaching(connection, what):
        return f"{what.name} is half detached"
    if what.does == "drop":
        row = connection.execute(
            "select not indisvalid from pg_catalog.pg_index"
            " where indexrelid = to_regclass(%s)",
            [what.relation],
        ).fetchone()
        return f"{what.relation} is half dropped" if row and row[0] else None
    return None


def instead(connection: Connection, what: Concurrent) -> str | None:
    """The statement that finishes what was cut off, where it is not the same again."""
    if what.does == "detach" and _detaching(connection, what):
        assert what.name is not None
        return f"alter table {what.relation} detach partition {what.name} finalize"
    return None


def locks(connection: Connection, what: Concurrent) -> tuple[tuple[str, str], ...]:
    """What it locks, by name and mode, as the manual says: it cannot be looked at.

    A partition is locked in the second of the two transactions only.
    """
    found = [(what.relation, "ShareUpdateExclusiveLock")]
    if what.does == "detach" and what.name is not None:
        found.append((what.name, "AccessExclusiveLock"))
    rows = connection.execute(
        "select format('%%I.%%I', n.nspname, c.relname), l.mode"
        " from unnest(%s::text[], %s::text[]) as l (name, mode)"
        " join pg_catalog.pg_class as c on c.oid = to_regclass(l.name)"
        " join pg_catalog.pg_namespace as n on n.oid = c.relnamespace",
        [[name for name, _ in found], [mode for _, mode in found]],
    )
    return tuple((str(name), str(mode)) for name, mode in rows)


def settled(connection: Connection, index: str) -> bool:
    """Whether an index is invalid and nobody is at work on its table, and so dead.

    Who builds an index holds the same lock, so it is waited for as the session says.
    """
    table = (
        "select coalesce((select m.oid from pg_catalog.pg_class as m"
        " where m.reltoastrelid = i.indrelid), i.indrelid)::regclass::text"
        f", {_WHOLE} from pg_catalog.pg_index as i where i.indexrelid = to_regclass(%s)"
    )
    with connection.transaction():
        row = connection.execute(table, [index]).fetchone()
        if row is None:
            return False
        # A name that comes from regclass is quoted.
        lock = f"lock table {row[0]} in share update exclusive mode"
        connection.execute(lock.encode())
        row = connection.execute(table, [index]).fetchone()
        return row is not None and not row[1]


def _created(node: Any) -> Concurrent | None:
    if not node.concurrent:
        return None
    return Concurrent(
        "create",
        _named(node.relation),
        name=node.idxname or None,
        form=(
            node.unique,
            node.access_method or "btree",
            len(node.index_params),
            node.HasField("where_clause"),
        ),
    )


def _dropped(node: Any) -> Concurrent | None:
    if not node.concurrent:
        return None
    words = [item.string.sval for item in node.objects[0].list.items]
    return Concurrent("drop", sql.Identifier(*words).as_string(None))


def _reindexed(node: Any) -> Concurrent | None:
    for param in node.params:
        off = param.def_elem.HasField("arg") and (
            param.def_elem.arg.string.sval.lower() in ("false", "off", "0")
        )
        if param.def_elem.defname == "concurrently" and not off:
            break
    else:
        return None
    scope = {1: "index", 2: "table", 3: "schema"}.get(node.kind, "database")
    name = _named(node.relation) if scope in ("index", "table") else node.name
    if scope == "schema":
        name = sql.Identifier(name).as_string(None)
    return Concurrent("reindex", name, scope=scope)


def _detached(node: Any) -> Concurrent | None:
    command = getattr(node.cmds[0].alter_table_cmd, "def").partition_cmd
    if not command.concurrent:
        return None
    return Concurrent("detach", _named(node.relation), name=_named(command.name))


def _named(relation: Any) -> str:
    words = [word for word in (relation.schemaname, relation.relname) if word]
    return sql.Identifier(*words).as_string(None)


def _indexes(
    connection: Connection, what: Concurrent
) -> list[tuple[int, bool, str, bool]]:
    """The indexes of the name that is made: oid, whole, quoted name, as declared."""
    query = connection.execute(_INDEX, [*what.form, what.relation, what.name])
    return query.fetchall()


def _left(connection: Connection, what: Concurrent) -> list[tuple[int, str]]:
    if what.does != "reindex":
        return []
    query = _LEFT.replace("{tables}", _TABLES[what.scope])
    return connection.execute(query, {"name": what.relation}).fetchall()


def _exists(connection: Connection, relation: str) -> bool:
    query = "select to_regclass(%s) is not null"
    row = connection.execute(query, [relation]).fetchone()
    return row is not None and bool(row[0])


def _detaching(connection: Connection, what: Concurrent) -> bool | None:
    """Whether the partition is half detached; None: it is no partition any more."""
    row = connection.execute(
        "select inhdetachpending from pg_catalog.pg_inherits"
        " where inhparent = to_regclass(%s) and inhrelid = to_regclass(%s)",
        [what.relation, what.name],
    ).fetchone()
    return None if row is None else bool(row[0])
