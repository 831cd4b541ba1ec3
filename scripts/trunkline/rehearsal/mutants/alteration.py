"""One thing done to one object of a catalog, told in its facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trunkline.catalog.words import Facts

Path = tuple[str, ...]


@dataclass(frozen=True)
class Alteration:
    """`facts` is what the object is then; None: it is gone.

    `touches` leads to the fact that is altered, so that only the change that made it so
    answers for it; the empty path is the whole object.
    """

    what: str
    touches: Path
    facts: Facts | None


def with_fact(facts: Facts, **altered: Any) -> Facts:
    """The facts with others in their place."""
    return {**facts, **altered}


def without(facts: Facts, *names: str) -> Facts:
    """The facts without those of these names."""
    return {name: value for name, value in facts.items() if name not in names}


def comments_removed(facts: Facts) -> Iterable[Alteration]:
    """Each comment of an object removed: its own, and those of its hidden parts."""
    for name, of in (
        ("comment", ""),
        ("not_null_comment", " on its NOT NULL"),
        ("index_comment", " on its index"),
    ):
        if name in facts:
            yield Alteration(f"comment{of} removed", (name,), without(facts, name))
