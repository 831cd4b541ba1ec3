"""Make an object anew where no `alter` will do, with all that stands on it.

PostgreSQL refuses to drop or retype what something else stands on. The repair takes
those others away first and puts them back, as they are expected, afterwards. What
differs itself is not put back: it may need what a later repair brings, so its own
repair makes it, whoever took it away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Made:
    """Statements; the objects that they make anew, and those that they only drop."""

    statements: list[str]
    touched: frozenset[Key] = frozenset()
    freed: frozenset[Key] = frozenset()


class Anew:
    """The two catalogs, seen as what stands on what; `altered` are the objects that
    both have and that differ."""

    def __init__(
        self, expected: Snapshot, found: Snapshot, altered: Callable[[Key], bool]
    ) -> None:
        self.expected = expected
        self.found = found
        self._altered = altered

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

    def is_late(self, key: Key) -> bool:
        """Say whether only an object's own repair may make it anew.

        It differs, and so does what it stands on, whose repair may take it away.
        """
        if key not in self._late:
            self._late[key] = (
                key[0] in RETYPING_STOPS_AT
                and self._altered(key)
                and self._stands_on_altered(key)
            )
        return self._late[key]

    @cached_property
    def _late(self) -> dict[Key, bool]:
        return {}

    def _stands_on_altered(self, key: Key) -> bool:
        seen, heads = {key}, [key]
        while heads:
            for one in self.found.needs.get(heads.pop(), ()):
                if one not in seen:
                    if self._altered(one):
                        return True
                    seen.add(one)
                    heads.append(one)
        return False

    def object(self, key: Key) -> Made:
        """Return the statements that make an object anew, and what they touch.

        Raises `Blocked` when rows stand on it.
        """
        kind, name = key
        drop = self._take_away(key, perhaps=self.is_late(key))
        create = KINDS[kind].create(self.common, name, self.expected.of(kind)[name])
        return self.around(key, [*drop, *create], strict=True)

    def around(
        self,
        key: Key,
        statements: list[str],
        *,
        strict: bool = False,
        only: Callable[[Key], bool] = lambda _: True,
        retyped: Iterable[Key] = (),
    ) -> Made:
        """Return the statements with what stands on `key` out of their way.

        `only` says which dependants are to be taken away; `retyped` are columns that
        get a new type along the way. With `strict`, raises `Blocked` for a dependant
        that cannot be taken away; else it is left to the server.
        """
        done: dict[Key, None] = {}
        for column in retyped:
            self._find_dependants(
                done, column, strict=strict, only=lambda k: k[0] in RETYPING_STOPS_AT
            )
        self._find_dependants(done, key, strict=strict, only=only)
        dependants = [one for one in done if not self._is_part_of(one, done)]
        freed = self._freed(dependants)
        before = [
            statement
            for one in dependants
            for statement in self._take_away(one, one in freed or self.is_late(key))
        ]
        back = [one for one in reversed(dependants) if one not in freed]
        after = [statement for one in back for statement in self._put_back(one)]
        late = frozenset(filter(self.is_late, freed))
        return Made([*before, *statements, *after], frozenset(back), late)

    def _freed(self, dependants: list[Key]) -> set[Key]:
        """Return those that another step makes anew, and what stands on them."""
        freed: set[Key] = set()
        for one in reversed(dependants):
            on = self.found.needs.get(one, frozenset())
            if self.is_late(one) or not freed.isdisjoint(on):
                freed.add(one)
        return freed

    def _find_dependants(
        self,
        done: dict[Key, None],
        key: Key,
        *,
        strict: bool,
        only: Callable[[Key], bool],
    ) -> None:
        """Add what stands on an object to `done`, the farthest first."""
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

    def _take_away(self, key: Key, perhaps: bool = False) -> list[str]:
        """Return the drop of a dependant; `perhaps`: another step may have done it."""
        kind, name = key
        facts = self.found.of(kind)[name]
        if kind == "column":
            column = f"alter table {facts['on']} alter column {facts['called']}"
            return [f"{column} drop default;"]
        drop = KINDS[kind].drop(name, facts)
        if not perhaps:
            return drop
        return [one.replace(f"drop {kind} ", f"drop {kind} if exists ") for one in drop]

    def _put_back(self, key: Key) -> list[str]:
        kind, name = key
        facts = self.expected.of(kind)[name]
        if kind == "column":
            if "default" not in facts or "generated" in facts:
                return []
            column = f"alter table {facts['on']} alter column {facts['called']}"
            return [f"{column} set default {facts['default']};"]
        return KINDS[kind].create(self.common, name, facts)
