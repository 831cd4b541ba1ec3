"""Foreign keys between tables that come or go in the same repair.

Two missing tables may refer to each other, so such a key is made with the later of the
two; two unexpected ones may do so too, and the first dropped then loses its key before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trunkline.catalog.needs import Key
from trunkline.catalog.repair import KINDS
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.step import Step
from trunkline.catalog.words import Facts


def late_keys(expected: Snapshot, found: Snapshot) -> set[Key]:
    """Return the foreign keys from one missing table to another."""
    missing = expected.of("table").keys() - found.of("table").keys()
    return {
        ("constraint", name)
        for name, facts in _keys(expected)
        if facts["on"] in missing
        and facts["references"] in missing
        and facts["on"] != facts["references"]
    }


def without(catalog: Snapshot, keys: set[Key]) -> Snapshot:
    """Return the catalog without some of its objects."""
    if not keys:
        return catalog
    return Snapshot(
        {
            kind: {
                name: facts for name, facts in of.items() if (kind, name) not in keys
            }
            for kind, of in catalog.objects.items()
        },
        catalog.server_version,
        lambda: catalog.needs,
    )


def make_late_keys(steps: Sequence[Step], expected: Snapshot) -> None:
    """Add each late key to the repair of the table that is made last."""
    made = _tables(steps, "missing")
    for name, facts in _keys(expected):
        on, target = made.get(facts["on"]), made.get(facts["references"])
        if on is not None and target is not None and on != target:
            create = KINDS["constraint"].create(expected, name, facts)
            steps[max(on, target)].statements += create


def drop_keys_in_circles(steps: Sequence[Step], found: Snapshot) -> None:
    """Free a table that goes before one that refers to it."""
    gone = _tables(steps, "unexpected")
    for name, facts in _keys(found):
        on, target = gone.get(facts["on"]), gone.get(facts["references"])
        if on is not None and target is not None and target < on:
            steps[target].statements[:0] = KINDS["constraint"].drop(name, facts)


def _keys(catalog: Snapshot) -> Iterator[tuple[str, Facts]]:
    for name, facts in catalog.of("constraint").items():
        if "references" in facts and "derived_from" not in facts:
            yield name, facts


def _tables(steps: Iterable[Step], sort: str) -> dict[str, int]:
    return {
        step.name: place
        for place, step in enumerate(steps)
        if step.sort == sort and step.object == "table"
    }
