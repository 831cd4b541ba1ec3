"""Make an object anew where no `alter` will do, with all that stands on it.

PostgreSQL refuses to drop or retype what something else stands on. The repair takes
those others away first and puts them back, as they are expected, afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from trunkline.catalog.needs import Key
from trunkline.catalog.repair import KINDS
from trunkline.catalog.snapshot import Snapshot

RETYPING_STOPS_AT = frozenset(
    {"view", "materialized view", "rule", "policy", "trigger", "function", "procedure"}
)
"""What PostgreSQL does not carry along when a column's type changes."""


class Blocked(Exception):
    """An object cannot be made anew, because {0} {1} stands on it."""


class Anew:
    """The two catalogs, seen as what stands on what."""

    def __init__(self, expected: Snapshot, found: Snapshot) -> None:
        self.expected = expected
        self.found = found

    @cached_property
    def common(self) -> Snapshot:
        """What both have, as it is expected."""
        return Snapshot(
            {
                kind: {
                    name: facts
                    for name, facts in objects.items()
                    if name in self.found.of(kind)
                }
                for kind, objects in self.expected.objects.items()
            },
            self.expected.server_version,
            lambda: self.expected.needs,
        )

    def object(self, key: Key) -> tuple[list[str], frozenset[Key]]:
        """Return the statements that make an object anew, and what they touch.

        Raises `Blocked` when rows stand on it.
        """
        kind, name = key
        drop = KINDS[kind].drop(name, self.found.of(kind)[name])
        create = KINDS[kind].create(self.common, name, self.expected.of(kind)[name])
        return self.around(key, [*drop, *create], strict=True)

    def around(
        self,
        key: Key,
        statements: list[str],
        *,
        strict: bool = False,
        only: Callable[[Key], bool] = lambda _: True,
    ) -> tuple[list[str], frozenset[Key]]:
        """Return the statements with what stands on `key` out of their way.

        `only` says which dependants are to be taken away. With `strict`, raises
        `Blocked` for one that cannot be; else it is left to the server.
        """
        dependants = self._dependants(key, strict=strict, only=only)
        before = [sql for one in dependants for sql in self._take_away(one)]
        after = [sql for one in reversed(dependants) for sql in self._put_back(one)]
        return [*before, *statements, *after], frozenset(dependants)

    def _dependants(
        self, key: Key, *, strict: bool, only: Callable[[Key], bool]
    ) -> list[Key]:
        """Return what stands on an object, the farthest first."""
        done: dict[Key, None] = {}
        parts = self._with_parts(key)

        def visit(one: Key) -> None:
            for holder in self._with_parts(one):
                for other in self._standing_on.get(holder, ()):
                    if other in done or other in parts or not self.common.has(other):
                        continue
                    if not only(other) or self._goes_with(other, one):
                        continue
                    if not self._can_be_taken_away(other, key):
                        if strict:
                            raise Blocked(*other)
                        continue
                    if other[0] != "column":
                        visit(other)
                    if other not in done and not self._is_part_of(other, done):
                        done[other] = None

        visit(key)
        return [one for one in done if not self._is_part_of(one, done)]

    @cached_property
    def _standing_on(self) -> dict[Key, list[Key]]:
        standing: dict[Key, list[Key]] = {}
        for key, needed in self.found.needs.items():
            for one in needed:
                standing.setdefault(one, []).append(key)
        return standing

    def _with_parts(self, key: Key) -> set[Key]:
        kinds = ("column", "constraint", "index", "trigger", "rule", "policy")
        return {key} | {
            (kind, name) for kind in kinds for name, _ in self.found.parts(kind, key[1])
        }

    def _is_part_of(self, key: Key, others: dict[Key, None]) -> bool:
        on = self.found.of(key[0])[key[1]].get("on")
        return any(other[1] == on for other in others)

    def _goes_with(self, key: Key, upper: Key) -> bool:
        """Say whether a partition's trigger or index is one of the parent table's."""
        derived_from = self.found.of(key[0])[key[1]].get("derived_from")
        return upper == (key[0], derived_from)

    def _can_be_taken_away(self, key: Key, target: Key) -> bool:
        kind, name = key
        if kind != "column":
            return KINDS[kind].replaceable
        facts = self.found.of("column")[name]
        of_type = target[0] in ("type", "domain")
        return "default" in facts and "generated" not in facts and not of_type

    def _take_away(self, key: Key) -> list[str]:
        kind, name = key
        facts = self.found.of(kind)[name]
        if kind == "column":
            column = f"alter table {facts['on']} alter column {facts['called']}"
            return [f"{column} drop default;"]
        return KINDS[kind].drop(name, facts)

    def _put_back(self, key: Key) -> list[str]:
        kind, name = key
        facts = self.expected.of(kind)[name]
        if kind == "column":
            if "default" not in facts or "generated" in facts:
                return []
            column = f"alter table {facts['on']} alter column {facts['called']}"
            return [f"{column} set default {facts['default']};"]
        return KINDS[kind].create(self.common, name, facts)
