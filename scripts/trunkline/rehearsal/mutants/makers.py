"""Which change made each fact of a catalog what it is.

A check can ask only for what is still there, so the change that last altered a fact
answers for it: one that granted, and not the one that made the table long before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trunkline.catalog import Snapshot
from trunkline.catalog.words import Facts
from trunkline.rehearsal.mutants.alteration import Path


class Makers:
    """Learns of one change after the other, in the order of application."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], str | None] = {}
        self._last: dict[tuple[str, str], str | None] = {}
        self._facts: dict[tuple[str, str, Path], str | None] = {}

    def learn(self, change: str | None, before: Snapshot, after: Snapshot) -> None:
        """Note what a change made or altered; None: one that need not answer."""
        for kind, objects in after.objects.items():
            earlier = before.of(kind)
            for name, facts in objects.items():
                old = earlier.get(name)
                if old == facts:
                    continue
                self._last[kind, name] = change
                if old is None:
                    self._first[kind, name] = change
                for path in _altered(old or {}, facts):
                    self._facts[kind, name, path] = change

    def of(self, kind: str, name: str, touched: Path) -> str | None:
        """The change that answers for a fact of an object; None: none of those that
        were learnt of. The empty path is the whole object."""
        if not touched:
            return self._last.get((kind, name))
        first = self._first.get((kind, name))
        return self._facts.get((kind, name, touched), first)


def _altered(old: Facts, new: Facts) -> Iterator[Path]:
    """The facts that differ, and what differs within them."""
    for name in old.keys() | new.keys():
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        yield (name,)
        was_within = was if isinstance(was, Mapping) else {}
        now_within = now if isinstance(now, Mapping) else {}
        for key in was_within.keys() | now_within.keys():
            if was_within.get(key) != now_within.get(key):
                yield name, key
