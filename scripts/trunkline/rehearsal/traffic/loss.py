"""What the application wrote in the new shape and the rollback took.

Three databases tell: the change just up, the same after the application has written,
and that after the rollback. What a rollback takes of rows that nobody touched is the
plain rehearsal's matter; so what it takes without the traffic, which a fourth database
tells, is subtracted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from psycopg import Connection, Error

from trunkline import contents
from trunkline.contents import Contents, TableChange
from trunkline.header import Loss
from trunkline.rehearsal.result import Declared, Lost

_DEFAULTS = """
select a.attname::text, pg_get_expr(d.adbin, d.adrelid)
from pg_attribute as a
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = %s::regclass and a.attnum > 0 and a.attgenerated = ''
"""


@dataclass(frozen=True)
class Written:
    """The databases: `up` as the change left it, `full` with what the application has
    written, and each of them rolled back."""

    up: Connection
    full: Connection
    up_down: Connection
    full_down: Connection


Taken = Counter[tuple[str, str, str]]
"""How often (table, column, key) was taken; the column is empty for a whole row."""


def taken(
    databases: Written, losses: Iterable[Loss]
) -> tuple[tuple[Lost, ...], tuple[Declared, ...]]:
    """What was taken undeclared, and how much each `-- loses:` line covered."""
    was, now = contents.digest(databases.full), contents.digest(databases.full_down)
    found = _of_the_new_shape(databases, was, now) + (
        _by_the_rollback(databases.full, databases.full_down)
        - _by_the_rollback(databases.up, databases.up_down)
    )
    declared = []
    for loss in losses:
        if loss.what != "position":
            covered = _covered(databases.full, loss, was, now, found)
            declared.append(Declared(loss.text, covered.total()))
            found -= covered
    return _told(found), tuple(declared)


def _by_the_rollback(before: Connection, after: Connection) -> Taken:
    """What is gone or altered of that which both shapes have."""
    was, now = contents.digest(before), contents.digest(after)
    found: Taken = Counter()
    for change in contents.explain(before, after, contents.differing(was, now)):
        found.update((change.table, "", row.key) for row in change.gone)
        found.update(
            (change.table, column, row.key)
            for row in change.changed
            for column in row.columns
        )
    return found


def _of_the_new_shape(databases: Written, was: Contents, now: Contents) -> Taken:
    """What was written into tables and columns that the rollback drops."""
    up = contents.digest(databases.up)
    wrote = contents.explain(databases.up, databases.full, contents.differing(up, was))
    found: Taken = Counter()
    for change in wrote:
        if change.table not in now.tables:
            rows = (*change.come, *change.changed)
            found.update((change.table, "", row.key) for row in rows)
            continue
        kept = now.tables[change.table].columns
        dropped = was.tables[change.table].columns.keys() - kept.keys()
        found.update(_values(databases.full, change, dropped))
    return found


def _values(full: Connection, change: TableChange, dropped: set[str]) -> Taken:
    """Values of dropped columns: altered ones, and new ones that are no default."""
    found: Taken = Counter(
        (change.table, column, row.key)
        for row in change.changed
        for column in dropped.intersection(row.columns)
    )
    if not change.come or not dropped:
        return found
    come = {row.key for row in change.come}
    defaults: Mapping[str, str | None] = dict(
        full.execute(_DEFAULTS, [change.table]).fetchall()
    )
    for column in dropped & defaults.keys():
        name = '"' + column.replace('"', '""') + '"'
        condition = f"{name} is distinct from ({defaults[column] or 'null'})"
        keys = contents.keys_where(full, change.table, condition, ())
        found.update((change.table, column, key) for key in come & keys)
    return found


def _covered(
    full: Connection, loss: Loss, was: Contents, now: Contents, found: Taken
) -> Taken:
    """Of what was taken, that which a declaration covers. Rows that are declared cover
    their values too; a condition that fails covers nothing, as the plain rehearsal
    tells."""
    table = now.tables.get(loss.object) or was.tables.get(loss.object)
    if table is None:
        return Counter()
    try:
        keys = contents.keys_where(full, loss.object, loss.where, table.columns)
    except Error:
        return Counter()
    return Counter(
        {
            (name, column, key): count
            for (name, column, key), count in found.items()
            if name == loss.object
            and key in keys
            and (loss.what == "rows" or column in loss.columns)
        }
    )


def _told(found: Taken) -> tuple[Lost, ...]:
    lost: dict[tuple[str, str], list[str]] = {}
    for (table, column, key), count in sorted(found.items()):
        lost.setdefault((table, column), []).extend([key] * count)
    return tuple(
        Lost(
            f"{table}.{column}" if column else table,
            "values" if column else "rows",
            len(keys),
            f"{len(keys)} that the application wrote, for example {keys[0][:120]}",
            f"-- loses: {table} values of {column} — why, and how they come back"
            if column
            else f"-- loses: {table} rows — why, and how they come back",
        )
        for (table, column), keys in lost.items()
    )
