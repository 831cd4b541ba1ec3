"""Read again what has changed of a catalog since it was last read.

What comes out is equal to what a full reading would give; where that cannot be had from
little, everything is read. It must be the same database, on which nobody else works,
and who has written to it must have told his counters (`pg_stat_force_next_flush`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.rows import TupleRow, tuple_row

from trunkline.catalog import fresh
from trunkline.catalog.needs import Address
from trunkline.catalog.queries import OBJECTS, within
from trunkline.catalog.reading import (
    Object,
    Reader,
    Reading,
    by_object,
    kind_of,
    read,
)
from trunkline.catalog.snapshot import Snapshot

_KINDS = {
    fresh.OF_OBJECTS[name]: kinds
    for name, kinds in {
        "pg_attrdef": (),  # defaults are told with their columns
        "pg_cast": ("cast",),
        "pg_class": ("table", "view", "column", "sequence", "index"),
        "pg_constraint": ("constraint", "domain_constraint", "derived"),
        "pg_default_acl": ("default_privilege",),
        "pg_event_trigger": ("event_trigger",),
        "pg_foreign_data_wrapper": ("foreign_data_wrapper",),
        "pg_foreign_server": ("server",),
        "pg_namespace": ("schema",),
        "pg_policy": ("policy",),
        "pg_proc": ("routine", "aggregate"),
        "pg_publication": ("publication",),
        "pg_publication_namespace": (),  # what is published, with the publication
        "pg_publication_rel": (),
        "pg_rewrite": ("rule", "derived"),
        "pg_statistic_ext": ("statistics",),
        "pg_trigger": ("trigger",),
        "pg_ts_config": ("text_search_configuration",),
        "pg_ts_dict": ("text_search_dictionary",),
        "pg_type": ("type", "enum", "domain", "derived"),
        "pg_user_mapping": ("user_mapping",),
    }.items()
}
"""The kinds of objects that can be read alone, by the OIDs of their catalogs."""

PUBLIC = (2615, 2200)
FIRST_OF_USERS = 16384


@dataclass(frozen=True)
class Look:
    """A catalog as it was when one looked at it.

    `since` is the number of the first transaction whose writing is not in it.
    """

    reading: Reading
    since: str
    counters: fresh.Counters

    @property
    def snapshot(self) -> Snapshot:
        return self.reading.snapshot


def look(connection: psycopg.Connection[Any], before: Look | None = None) -> Look:
    """Read the catalog, as little of it as one must, where `before` is known.

    Within `reading`.
    """
    since, counters = _counted(connection)
    found = None
    if before is not None:
        found = _again(connection, before, counters)
    return Look(found or read(connection), since, counters)


def in_copy(connection: psycopg.Connection[Any], of: Look) -> Look:
    """The look at a database whose copy, as new, is connected; only counters differ."""
    _, counters = _counted(connection)
    return replace(of, counters=counters)


def _counted(connection: psycopg.Connection[Any]) -> tuple[str, fresh.Counters]:
    cursor = connection.cursor(row_factory=tuple_row).execute(fresh.LOOK)
    [(since, names, written, deleted)] = cursor.fetchall()
    return since, dict(zip(names, zip(written, deleted, strict=True), strict=True))


def _again(
    connection: psycopg.Connection[Any], before: Look, counters: fresh.Counters
) -> Reading | None:
    """The catalog as it is now; None if it must be read as a whole."""
    old = before.reading
    catalogs = fresh.written(before.counters, counters)
    if catalogs is None or not old.plain:
        return None
    if not catalogs:
        return old
    thinned = fresh.thinned(before.counters, counters)
    found = _run(connection, fresh.touched(catalogs), [before.since])
    left = _run(connection, query) if (query := fresh.left(thinned)) else None
    comments = None
    if "pg_description" in thinned:
        comments = _run(connection, fresh.COMMENTED)
    touched = set(found.fetchall())
    asked = {oid for name, oid in fresh.OF_OBJECTS.items() if name in thinned}
    gone = _gone(old, asked, left.fetchall()) if left else frozenset()
    touched |= _lessened(old, gone)
    if "pg_inherits" in thinned:
        touched |= _heirs(old) - gone
    if comments:
        touched |= _silenced(old, frozenset(comments.fetchall())) - gone
    if not all(map(_is_readable, touched)):
        return None
    return _renewed(connection, old, frozenset(touched), gone)


def _is_readable(one: Object) -> bool:
    return one[0] in _KINDS and (one[1] >= FIRST_OF_USERS or one == PUBLIC)


def _gone(
    old: Reading, asked: Container[int], left: Iterable[Object]
) -> frozenset[Object]:
    """What is not left of the objects that were in the catalogs that were asked."""
    known = old.addresses.keys() | old.dependencies.keys()
    return frozenset(
        one
        for one in known.difference(left)
        if one[0] in asked and one[1] >= FIRST_OF_USERS
    )


def _lessened(old: Reading, gone: frozenset[Object]) -> frozenset[Object]:
    """What stays of that which something that is gone was a part of: a table may name
    an index of its own as what tells its rows apart."""
    wholes = {
        row[3:5]
        for one in gone
        for row in old.dependencies.get(one, ())
        if row[6] in "ai" and row[3] in _KINDS and row[4] >= FIRST_OF_USERS
    }
    return frozenset(wholes - gone)


def _heirs(old: Reading) -> set[Object]:
    """The tables that had parents: they may have lost one."""
    tables = {**old.snapshot.of("table"), **old.snapshot.of("foreign table")}
    heirs = {name for name, facts in tables.items() if "inherits" in facts}
    return {
        address[:2]
        for address, (kind, name) in old.keys.items()
        if kind in ("table", "foreign table") and name in heirs
    }


def _silenced(old: Reading, commented: frozenset[Address]) -> set[Object]:
    """What has lost a comment, `commented` being all that have one, and what that is
    told with."""
    lost = {address[:2] for address in old.commented - commented}
    owners = {old.keys[one] for whole in lost for one in old.addresses.get(whole, ())}
    return lost | {
        address[:2]
        for address, key in old.keys.items()
        if key in owners and address not in old.parts
    }


def _renewed(
    connection: psycopg.Connection[Any],
    old: Reading,
    touched: frozenset[Object],
    gone: frozenset[Object],
) -> Reading | None:
    """What was read before, with what was touched read again and without what is gone;
    None where something belongs to an extension."""
    fitted = kind_of(connection)
    oids: dict[int, list[int]] = {}
    for catalog, oid in touched:
        oids.setdefault(catalog, []).append(oid)
    wanted: dict[str, list[int]] = {}
    for catalog, some in oids.items():
        for kind in _KINDS[catalog]:
            wanted.setdefault(kind, []).extend(some)
    objects = [
        _run(connection, within(kind, *fitted, "oid"), [wanted[kind]])
        for kind in OBJECTS
        if kind in wanted
    ]
    every = [[oid for _, oid in touched]]
    texts = _run(connection, within("comment", *fitted, "oid"), every)
    labels = _run(connection, within("label", *fitted, "oid"), every)
    depends = _run(connection, within("dependency", *fitted, "objid"), every)

    reader = _without(old, touched | gone)
    for cursor in objects:
        reader.objects_of(cursor)
    new = [row for row in texts.fetchall() if row[:2] in touched]
    reader.comments(new)
    reader.labels(row for row in labels.fetchall() if row[:2] in touched)
    dropped = touched | gone
    commented = {one for one in old.commented if one[:2] not in dropped}
    dependencies = dict(old.dependencies)
    for one in dropped:
        dependencies.pop(one, None)
    rows = [row for row in depends.fetchall() if row[:2] in touched]
    if any(row[6] in "ex" for row in rows):
        return None
    dependencies |= by_object(rows)
    return reader.reading(
        old.snapshot.server_version,
        frozenset(commented.union(row[:3] for row in new)),
        dependencies,
        plain=True,
    )


def _without(old: Reading, dropped: frozenset[Object]) -> Reader:
    """A reader that knows what is not dropped."""
    objects: dict[str, dict[str, Any]] = {
        kind: dict(some) for kind, some in old.snapshot.objects.items()
    }
    keys, addresses, parts = dict(old.keys), dict(old.addresses), dict(old.parts)
    for one in dropped:
        for address in addresses.pop(one, ()):
            kind, name = keys.pop(address)
            if parts.pop(address, None) is None:
                objects[kind].pop(name, None)
    return Reader(objects, keys, addresses, parts, old.quoted)


def _run(
    connection: psycopg.Connection[Any], query: str, values: Iterable[Any] = ()
) -> psycopg.Cursor[TupleRow]:
    cursor = psycopg.RawCursor(connection, row_factory=tuple_row)
    return cursor.execute(query, list(values) or None)
