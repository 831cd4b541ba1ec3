"""Mutants: catalogs in which one thing that a change built is broken.

They are made from a snapshot alone. The SQL that makes a mutant of a database is the
repair of the comparison, so whatever the catalog can repair, a mutant can break.
Nothing here runs SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trunkline.catalog import Snapshot, compare
from trunkline.catalog.words import Facts
from trunkline.rehearsal.mutants.alteration import (
    Alteration,
    Path,
    comments_removed,
)
from trunkline.rehearsal.mutants.grants import grants, roles_in
from trunkline.rehearsal.mutants.makers import Makers
from trunkline.rehearsal.mutants.objects import ALTERATIONS
from trunkline.rehearsal.mutants.routines import routine

__all__ = ["Makers", "Mutant", "mutants"]

Key = tuple[str, str]


@dataclass(frozen=True)
class Mutant:
    """One thing broken: which object, what was done to it, and the SQL that does it.

    `touches` leads to the fact of the object that is altered.
    """

    kind: str
    object: str
    what: str
    touches: Path
    sql: str

    @property
    def name(self) -> str:
        """What a report and a `-- survives:` line call it."""
        return f"{self.kind} {self.object}: {self.what}"


def mutants(built: Snapshot) -> Iterator[Mutant]:
    """Every mutant of what is in a catalog. One that no SQL can make is left out."""
    roles = roles_in(built)
    for kind, objects in built.objects.items():
        for name, facts in sorted(objects.items()):
            for alteration in _alterations(kind, facts, roles):
                sql = _sql(built, (kind, name), alteration.facts)
                if sql:
                    yield Mutant(kind, name, alteration.what, alteration.touches, sql)


def _alterations(
    kind: str, facts: Facts, roles: tuple[str, ...]
) -> Iterator[Alteration]:
    if kind in ALTERATIONS:
        yield from ALTERATIONS[kind](facts)
    if kind in ("function", "procedure"):
        yield from routine(facts)
    yield from grants(kind, facts, roles)
    yield from comments_removed(facts)


def _sql(catalog: Snapshot, key: Key, facts: Facts | None) -> str:
    """The SQL that takes a database to a catalog in which one object is other."""
    kind, name = key
    objects = dict(catalog.objects)
    if facts is not None:
        objects[kind] = {**objects[kind], name: facts}
    else:
        for gone_kind, gone in (key, *_standing_on(catalog, key)):
            objects[gone_kind] = {
                other: kept
                for other, kept in objects[gone_kind].items()
                if other != gone
            }
    # What the objects stand on is found once, and not again for each mutant.
    wanted = replace(catalog, objects=objects, find_needs=lambda: catalog.needs)
    return "\n".join(d.repair for d in compare(wanted, catalog) if d.repair)


def _standing_on(catalog: Snapshot, key: Key) -> set[Key]:
    """The foreign keys that have to go with the key that they refer to."""
    return {
        ("constraint", name)
        for name, facts in catalog.of("constraint").items()
        if facts["type"] == "foreign key"
        and key in catalog.needs.get(("constraint", name), ())
    }
