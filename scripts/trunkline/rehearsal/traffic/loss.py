"""What the application wrote in the new shape and the rollback took.

Two databases tell most of it: one in which the application has written, and a copy of
it rolled back. Only where these show something are the two asked that the application
never touched, the change just up and that rolled back: what a rollback takes of rows
that nobody touched is the plain rehearsal's matter, and is subtracted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from psycopg import Connection, Error

from trunkline import contents
from trunkline.contents import Contents, TableChange
from trunkline.header import Loss
from trunkline.rehearsal.lost import Declared, Lost

_DEFAULTS = """
select a.attname::text, pg_get_expr(d.adbin, d.adrelid)
from pg_attribute as a
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = %s::regclass and a.attnum > 0 and a.attgenerated = ''
"""

Opened = Callable[[], AbstractContextManager[Connection]]
"""Opens a database when it is asked for, and closes it again."""


@dataclass(frozen=True)
class Written:
    """The databases: `full` with what the application has written, `full_down` that
    rolled back; `up` as the change left it, `up_down` that rolled back."""

    full: Connection
    full_down: Connection
    up: Opened
    up_down: Opened


Taken = Counter[tuple[str, str, str]]
"""How often (table, column, key) was taken; the column is empty for a whole row."""


def taken(
    databases: Written, losses: Iterable[Loss]
) -> tuple[tuple[Lost, ...], tuple[Declared, ...]]:
    """What was taken undeclared, and how much each `-- loses:` line covered.

    Raises Failure where the change cannot be rolled back without the application.
    """
    full, full_down = databases.full, databases.full_down
    was, now = contents.digest(full), contents.digest(full_down)
    found = _by_the_rollback(full, full_down, was, now)
    if found:
        # In this order: a database that somebody is connected to cannot be copied.
        with databases.up_down() as up_down, databases.up() as up:
            found -= _by_the_rollback(
                up, up_down, contents.digest(up), contents.digest(up_down)
            )
    if _shape(was) - _shape(now):
        with databases.up() as up:
            found += _of_the_new_shape(up, full, was, now)
    declared = []
    for loss in losses:
        if loss.what != "position":
            covered = _covered(full, loss, was, now, found)
            declared.append(Declared(loss.text, covered.total()))
            found -= covered
    return _told(found), tuple(declared)


def _shape(contents: Contents) -> set[tuple[str, str]]:
    """Each table with each of its columns, and with none."""
    return {
        (name, column)
        for name, table in contents.tables.items()
        for column in ("", *table.columns)
    }


def _by_the_rollback(
    before: Connection, after: Connection, was: Contents, now: Contents
) -> Taken:
    """What is gone or altered of that which both shapes have."""
    found: Taken = Counter()
    for change in contents.explain(before, after, contents.differing(was, now)):
        found.update((change.table, "", row.key) for row in change.gone)
        found.update(
            (change.table, column, row.key)
            for row in change.changed
            for column in row.columns
        )
    return found


def _of_the_new_shape(
    up: Connection, full: Connection, was: Contents, now: Contents
) -> Taken:
    """What was written into tables and columns that the rollback drops."""
    before = contents.digest(up)
    found: Taken = Counter()
    for change in contents.explain(up, full, contents.differing(before, was)):
        if change.table not in now.tables:
            rows = (*change.come, *change.changed)
            found.update((change.table, "", row.key) for row in rows)
            continue
        kept = now.tables[change.table].columns
        dropped = was.tables[change.table].columns.keys() - kept.keys()
        found.update(_values(full, change, dropped))
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
