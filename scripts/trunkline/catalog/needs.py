"""What stands on what, from pg_depend, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

Key = tuple[str, str]
"""An object: its kind and its name."""

Address = tuple[int, int, int]
"""A row of pg_depend's: catalog, OID, column (0 for the whole object)."""

Dependency = tuple[int, int, int, int, int, int, str]
"""Who depends (an address), on what (an address), and the sort of dependency."""

Needs = Mapping[Key, frozenset[Key]]


def needs(keys: Mapping[Address, Key], rows: Sequence[Dependency]) -> Needs:
    """Return what each object stands on."""
    held = holder_of(keys, rows)
    found: dict[Key, set[Key]] = {}
    for row in rows:
        key, needed = held(row[:3]), held(row[3:6])
        if key is not None and needed is not None and key != needed:
            found.setdefault(key, set()).add(needed)
    return {key: frozenset(needed) for key, needed in found.items()}


def holder_of(
    keys: Mapping[Address, Key], rows: Sequence[Dependency]
) -> Callable[[Address], Key | None]:
    """Return a function from an address to the object that is told for it.

    What is not told itself (a default, a view's rule, an array type, a member of an
    extension) counts as what it is an internal or automatic part of.
    """
    upper = {
        row[:2]: row[3:6]
        for row in rows
        if row[6] in "iae" and (row[0], row[1], 0) not in keys
    }

    @cache  # the same ones are named over and over
    def held(address: Address) -> Key | None:
        for _ in range(4):
            key = keys.get(address) or keys.get((address[0], address[1], 0))
            if key is not None:
                return key
            above = upper.get(address[:2])
            if above is None:
                return None
            address = above
        return None

    return held
