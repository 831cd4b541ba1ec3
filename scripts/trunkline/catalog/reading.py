"""Read a snapshot from a live database: two round trips, one transaction, no writes.

The queries give rows with OIDs; this module turns them into facts by name. It decides
nothing about differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import psycopg
from psycopg.rows import TupleRow, tuple_row

from trunkline.catalog.needs import (
    Address,
    Dependency,
    Key,
    Needs,
    holder_of,
    needs,
)
from trunkline.catalog.privileges import departures
from trunkline.catalog.queries import ABOUT_OBJECTS, ABSENT, OBJECTS, PREPARE, query
from trunkline.catalog.repair.grants import PRIVILEGE
from trunkline.catalog.secrets import without_password, without_secret
from trunkline.catalog.snapshot import RELATIONS, Snapshot

PG_CLASS = 1259
PG_TYPE = 1247


Object = tuple[int, int]
"""An object or what is a part of one, by catalog and OID."""


@dataclass(frozen=True)
class Reading:
    """A snapshot, and what it takes to read it again where only a little has changed.

    `keys` leads to objects by address, and `addresses` to these from what they are a
    part of; `parts` are addresses that are told with their object, by the word for
    their comment. `commented` are the addresses with comments,
    `dependencies` the rows of pg_depend by who depends. `plain`: nothing belongs to an
    extension or says that it needs one.
    """

    snapshot: Snapshot
    keys: Mapping[Address, Key]
    addresses: Mapping[Object, tuple[Address, ...]]
    parts: Mapping[Address, str]
    quoted: Mapping[str, str]
    commented: frozenset[Address]
    dependencies: Mapping[Object, Sequence[Dependency]]
    plain: bool


def snapshot(connection: psycopg.Connection[Any]) -> Snapshot:
    """Return what the connected database has.

    Runs in a subtransaction that is rolled back, or in a transaction if there is none:
    the caller's search_path and transaction are as before. Needs no right beyond
    connecting. Raises `psycopg.Error` as the server gives it.
    """
    with reading(connection):
        return read(connection).snapshot


@contextmanager
def reading(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A pipeline, and a transaction in which the catalog stands still."""
    outermost = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    # psycopg forgets what it has prepared with every rollback.
    with (
        connection.pipeline(),
        connection.transaction(force_rollback=not outermost),
    ):
        if outermost:
            connection.execute(
                "set transaction isolation level repeatable read, read only"
            )
        connection.execute(PREPARE)
        yield


def read(connection: psycopg.Connection[Any]) -> Reading:
    """Read all that there is, within `reading`."""

    def run(name: str) -> psycopg.Cursor[TupleRow]:
        sql = query(name, *kind_of(connection))
        return connection.cursor(row_factory=tuple_row).execute(sql)

    [(absent,)] = run(ABSENT).fetchall()
    found = {name: run(name) for name in OBJECTS if name not in absent}
    about = {name: run(name) for name in ABOUT_OBJECTS}
    reader = Reader({}, {}, {}, {}, dict(about["role"].fetchall()))
    for cursor in found.values():
        reader.objects_of(cursor)
    comments = about["comment"].fetchall()
    reader.comments(comments)
    reader.labels(about["label"].fetchall())
    dependencies = by_object(about["dependency"])
    reader.extensions(list(chain.from_iterable(dependencies.values())))
    commented = frozenset((row[0], row[1], row[2]) for row in comments)
    plain = not any(r[6] in "ex" for rows in dependencies.values() for r in rows)
    version = connection.info.server_version
    return reader.reading(version, commented, dependencies, plain=plain)


def kind_of(connection: psycopg.Connection[Any]) -> tuple[int, bool]:
    """What queries are fitted to: the major version, and whether it is a superuser."""
    superuser = connection.info.parameter_status("is_superuser") == "on"
    return connection.info.server_version // 10000, superuser


def by_object(rows: Iterable[Dependency]) -> dict[Object, list[Dependency]]:
    """The rows of pg_depend by who depends."""
    found: dict[Object, list[Dependency]] = {}
    for row in rows:
        found.setdefault(row[:2], []).append(row)
    return found


class Reader:
    """Rows in, named facts out; it lives for one snapshot.

    It may begin with what stays of an earlier one, and makes it its own. `quoted` are
    the role names that SQL must quote.
    """

    def __init__(
        self,
        objects: dict[str, dict[str, dict[str, Any]]],
        keys: dict[Address, Key],
        addresses: dict[Object, tuple[Address, ...]],
        parts: dict[Address, str],
        quoted: Mapping[str, str],
    ) -> None:
        self.objects = objects
        self.keys = keys
        self._addresses = addresses
        self._parts = parts
        self.quoted = quoted

    def reading(
        self,
        version: int,
        commented: frozenset[Address],
        dependencies: Mapping[Object, Sequence[Dependency]],
        *,
        plain: bool,
    ) -> Reading:
        """What has been read, of a server of that version."""
        found = Snapshot(
            {kind: objects for kind, objects in self.objects.items() if objects},
            version,
            partial(_needs, self.keys, dependencies),
            self.keys,
        )
        return Reading(
            found,
            self.keys,
            self._addresses,
            self._parts,
            self.quoted,
            commented,
            dependencies,
            plain,
        )

    def objects_of(self, cursor: psycopg.Cursor[TupleRow]) -> None:
        rows = cursor.fetchall()  # in a pipeline, only now are the columns known
        names = [column.name for column in cursor.description or ()]
        for values in rows:
            row = {
                name: value
                for name, value in zip(names, values, strict=True)
                if value or (value == 0 and value is not False)
            }
            self._object(row)

    def _object(self, row: dict[str, Any]) -> None:
        kind, name = row.pop("kind"), row.pop("name")
        address = (row.pop("class"), row.pop("oid"), row.pop("number", 0))
        if not self._resolve(row):
            return
        _leave_out_secrets(row)
        if "on" in row and kind != "statistics":
            row["called"] = name
            name = (
                f"{row['on']}.{name}" if kind == "column" else f"{name} on {row['on']}"
            )
        self._access(row)
        for options in ("options", "foreign_options", "settings"):
            if options in row:
                row[options].sort()
        if "settings" in row and "\n" not in "".join(row["settings"]):
            row["definition"] = _sorted_settings(row["definition"])
        self._stands_for(address, (kind, name))
        self._part(row, kind, name)
        self.objects.setdefault(kind, {})[name] = row
        if kind == "column" and "type" in row:
            table = self._key(PG_CLASS, address[1])
            if table is not None:
                facts = self.objects[table[0]][table[1]]
                facts.setdefault("columns", []).append(row["called"])

    def _resolve(self, row: dict[str, Any]) -> bool:
        """Put names in the place of OIDs; False if the row's owner is left out."""
        if "parent" in row:
            parent = self._key(PG_CLASS, row.pop("parent"))
            if parent is None:
                return False
            row["on"] = parent[1]
        if "parent_domain" in row:
            domain = self._key(PG_TYPE, row.pop("parent_domain"))
            if domain is None:
                return False
            row["on"] = f"domain {domain[1]}"
        if "references" in row:
            target = self._key(PG_CLASS, row.pop("references"))
            if target is not None:
                row["references"] = target[1]
        if "parent_table" in row:
            upper = self._key(PG_CLASS, row.pop("parent_table"))
            if upper is not None:
                row["derived_from"] = f"{row['parent_name']} on {upper[1]}"
            del row["parent_name"]
        if "owner_table" in row:
            address = (PG_CLASS, row.pop("owner_table"), row.pop("owner_column"))
            if address not in self.keys:
                return False
            row["owned_by"] = self.keys[address][1]
        return True

    def _stands_for(self, address: Address, key: Key) -> None:
        if address not in self.keys:
            whole = address[:2]
            self._addresses[whole] = (*self._addresses.get(whole, ()), address)
        self.keys[address] = key

    def _key(self, catalog: int, oid: int) -> Key | None:
        return self.keys.get((catalog, oid, 0))

    def _access(self, row: dict[str, Any]) -> None:
        acl, default = row.pop("acl", []), row.pop("acl_default", [])
        if not acl and not default:
            return
        owner = row.get("owner") or self._owner_of(row["on"])
        granted, revoked = departures(acl, default, owner, self.quoted)
        if granted:
            row["granted"] = granted
        if revoked:
            row["revoked"] = revoked

    def _owner_of(self, relation: str) -> str:
        for kind in RELATIONS:
            if relation in self.objects.get(kind, ()):
                owner: str = self.objects[kind][relation]["owner"]
                return owner
        return ""

    def _part(self, row: dict[str, Any], kind: str, name: str) -> None:
        """Remember the catalog rows that are told as a part of another object."""
        if "part_oid" in row:
            part = (row.pop("part_class"), row.pop("part_oid"), 0)
            if part[1] == 0:
                return
            self._stands_for(part, (kind, name))
            if kind in ("column", "domain"):
                self._parts[part] = "not_null_comment"
            elif kind == "constraint":
                self._parts[part] = "index_comment"

    def comments(self, rows: Iterable[Sequence[Any]]) -> None:
        for catalog, oid, number, text in rows:
            key = self.keys.get((catalog, oid, number))
            if key is not None:
                word = self._parts.get((catalog, oid, number), "comment")
                self.objects[key[0]][key[1]][word] = text

    def labels(self, rows: Iterable[Sequence[Any]]) -> None:
        for catalog, oid, number, provider, text in rows:
            key = self.keys.get((catalog, oid, number))
            if key is not None:
                facts = self.objects[key[0]][key[1]]
                facts.setdefault("security_labels", {})[provider] = text

    def extensions(self, rows: Sequence[Dependency]) -> None:
        """Tell the dependencies on extensions that somebody declared."""
        declared = [row for row in rows if row[6] == "x"]
        held = holder_of(self.keys, rows) if declared else None
        for row in declared:
            key, extension = held and held(row[:3]), held and held(row[3:6])
            if key and extension:
                facts = self.objects[key[0]][key[1]]
                facts.setdefault("needs_extensions", []).append(extension[1])
                facts["needs_extensions"].sort()


def _needs(
    keys: Mapping[Address, Key], dependencies: Mapping[Object, Sequence[Dependency]]
) -> Needs:
    told = {address: key for address, key in keys.items() if key[0] != PRIVILEGE}
    return needs(told, list(chain.from_iterable(dependencies.values())))


def _sorted_settings(definition: str) -> str:
    """A function's definition with its settings in one order: whichever they were given
    in, they do the same."""
    head, settings, body = [], [], definition.split("\n")
    while body and not body[0].startswith(" SET "):
        head.append(body.pop(0))
    while body and body[0].startswith(" SET "):
        settings.append(body.pop(0))
    return "\n".join((*head, *sorted(settings), *body))


def _leave_out_secrets(row: dict[str, Any]) -> None:
    if "foreign_options" in row:
        row["foreign_options"] = list(map(without_secret, row["foreign_options"]))
    if "connection" in row:
        row["connection"] = without_password(row["connection"])
