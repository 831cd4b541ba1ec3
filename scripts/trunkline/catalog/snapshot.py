"""The catalog of one database, as facts that can be compared, kept and read back.

A snapshot knows objects by name and never by OID, so two databases can be compared.
It holds no rows, no sequence positions (`trunkline.contents`), no roles (they are the
cluster's) and no password.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trunkline.catalog.needs import Address, Key, Needs
from trunkline.catalog.words import Facts

Objects = Mapping[str, Mapping[str, Facts]]

RELATIONS = ("table", "foreign table", "view", "materialized view")
"""The kinds that may have columns, triggers, rules and so on of their own."""


@dataclass(frozen=True)
class Snapshot:
    """What a database has: `objects[kind][name]` is the facts of one object.

    `needs` serves the order of repairs and takes no part in comparisons, nor does
    `server_version` (such as 180004), nor do `addresses`: where an object of the same
    database goes by another name, they tell. They are not kept.
    """

    objects: Objects
    server_version: int = field(compare=False, default=0)
    find_needs: Callable[[], Needs] = field(compare=False, repr=False, default=dict)
    addresses: Mapping[Address, Key] = field(
        compare=False, repr=False, default_factory=dict
    )

    @cached_property
    def needs(self) -> Needs:
        """What each object stands on; found when first asked for."""
        needs = self.find_needs()
        views = {
            ("column", name): relation
            for name, facts in self.of("column").items()
            if "type" not in facts and (relation := self.relation(facts["on"]))
        }
        return {
            key: needed.union(views[x] for x in needed & views.keys()) - {key}
            for key, needed in needs.items()
        }

    def of(self, kind: str) -> Mapping[str, Facts]:
        """Return the objects of one kind by name."""
        return self.objects.get(kind, {})

    def has(self, key: Key) -> bool:
        """Say whether an object of that kind and name is there."""
        return key[1] in self.of(key[0])

    def relation(self, name: str) -> Key | None:
        """Return the key of the table, view or composite type of that name."""
        for kind in (*RELATIONS, "type"):
            if name in self.of(kind):
                return kind, name
        return None

    def parts(self, kind: str, of: str) -> Iterator[tuple[str, Facts]]:
        """Yield the columns, constraints, triggers ... of one relation or domain."""
        return self.having(kind, "on", of)

    def having(self, kind: str, fact: str, value: str) -> Iterator[tuple[str, Facts]]:
        """Yield the objects of a kind by what they are on, owned by, derived from."""
        for name in self._having.get((kind, fact, value), ()):
            yield name, self.of(kind)[name]

    @cached_property
    def _having(self) -> dict[tuple[str, str, str], list[str]]:
        having: dict[tuple[str, str, str], list[str]] = {}
        for kind, objects in self.objects.items():
            for name, facts in objects.items():
                for fact in ("on", "owned_by", "derived_from"):
                    if fact in facts:
                        having.setdefault((kind, fact, facts[fact]), []).append(name)
        return having

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the objects, the same for equal snapshots."""
        return hashlib.sha256(_canonical(self.objects).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot as JSON's types."""
        return {
            "server_version": self.server_version,
            "objects": self.objects,
            "needs": [
                [*key, sorted(map(list, needed))]
                for key, needed in sorted(self.needs.items())
            ],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Snapshot:
        """Return the snapshot that `to_json` wrote."""
        needs = {
            (kind, name): frozenset((one, other) for one, other in needed)
            for kind, name, needed in document["needs"]
        }
        return cls(document["objects"], document["server_version"], lambda: needs)


def _canonical(objects: Objects) -> str:
    return json.dumps(objects, sort_keys=True, separators=(",", ":"))
