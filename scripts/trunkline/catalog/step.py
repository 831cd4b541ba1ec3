"""A difference on its way: with its statements still apart, and what it touches."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.catalog.difference import Difference, Sort
from trunkline.catalog.needs import Key

ASPECTS = frozenset({"owner", "comment", "security label", "dependency", "grant"})


@dataclass
class Step:
    """One difference and its repair before the order of all repairs is known.

    `key` is the object that it is about, `covers` are the objects that its repair
    makes, drops or makes anew along with it. `frees` are those that it only drops,
    since another step makes them anew. A grant of less `depth` comes first.
    """

    sort: Sort
    object: str
    name: str
    detail: str
    statements: list[str]
    key: Key
    covers: frozenset[Key] = frozenset()
    frees: frozenset[Key] = frozenset()
    depth: int = 0

    @property
    def is_aspect(self) -> bool:
        """Say whether it is about an owner, a comment or a grant of the object."""
        return self.object in ASPECTS

    def difference(self) -> Difference:
        return Difference(
            self.sort, self.object, self.name, self.detail, "\n".join(self.statements)
        )
