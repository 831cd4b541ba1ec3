"""What a comparer of one kind of object has to give.

A kind says how an object of it is made, dropped and altered, in SQL, and in which words
its facts are told. Owners, comments and grants are alike for all kinds and have rooms
of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts

Statements = list[str]


@dataclass(frozen=True)
class Change:
    """One object that is in both catalogs, and the facts in which it differs."""

    kind: str
    name: str
    expected: Facts
    found: Facts
    catalog: Snapshot
    """The expected catalog, for what the object is made of."""
    there: Snapshot = field(default_factory=lambda: Snapshot({}))
    """The found catalog, for what is to be used or to be got out of the way."""

    @property
    def properties(self) -> list[str]:
        """The names of the facts that differ, those of the expected object first."""
        want, have = self.expected, self.found
        hidden = {*want.get("unread", ()), *have.get("unread", ())}
        names = dict.fromkeys((*want, *have))
        return [
            name
            for name in names
            if name not in SILENT
            and name not in hidden
            and want.get(name) != have.get(name)
            and not (name in NAMES and (name not in want or name not in have))
            and not (name == "also_local" and self._inherits_only_once)
        ]

    @property
    def _inherits_only_once(self) -> bool:
        """Say whether one of both inherits nothing, so that its own is all it has."""
        once = bool(self.expected.get("inherited")) != bool(self.found.get("inherited"))
        return once and all(
            facts.get("also_local") or not facts.get("inherited")
            for facts in (self.expected, self.found)
        )


SILENT = frozenset(
    {
        "owner",
        "granted",
        "revoked",
        "comment",
        "security_labels",
        "needs_extensions",
        "columns",
        "inherited",
        "references",
        "storage_of_type",
        "signature",
        "is_replica_identity",
        "unread",
    }
)
"""Facts that are compared elsewhere, or serve only to write SQL."""

NAMES = frozenset({"not_null_name"})
"""Names that a thing may lack without being another (before PostgreSQL 18)."""

USUAL = {
    "collation": "the type's own",
    "compression": "the default",
    "context": "explicit",
    "deferrable": "not deferrable",
    "firing": "enabled",
    "origin": "any",
    "parallel": "unsafe",
    "persistence": "logged",
    "replica_identity": "default",
    "statistics": "the default",
    "storage": "the type's own",
    "synchronous_commit": "off",
    "volatility": "volatile",
}
"""What it is called when a fact is not there because it is as it mostly is."""

NOT_NULL_LABELS = {
    "not_null": "not null",
    "not_null_name": "the name of the not-null constraint",
    "not_null_not_valid": "not valid (of the not-null constraint)",
    "not_null_no_inherit": "no inherit (of the not-null constraint)",
    "not_null_comment": "the comment on the not-null constraint",
}

Create = Callable[[Snapshot, str, Facts], Statements]
Drop = Callable[[str, Facts], Statements]
Alter = Callable[[Change], Statements | None]


def _never(_: Change) -> None:
    return None


@dataclass(frozen=True)
class Kind:
    """The comparer of one kind of object.

    `create` makes an object whole, with its parts, owner, comments and grants. `alter`
    gives the statements that bring the found object to the expected one and that do no
    harm when run again, or None when it has to be made anew; an object that is not
    `replaceable` (its rows would be lost) is then beyond repair. `labels` and `told`
    say what a fact is called, and what of it is told, when it differs.
    """

    create: Create
    drop: Drop
    alter: Alter = _never
    describe: Callable[[Facts], str] = lambda facts: str(facts.get("definition", ""))
    labels: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, Callable[[Facts], Any]] = field(default_factory=dict)
    replaceable: bool = True


def plain_drop(kind: str) -> Drop:
    """Return the drop of a kind that is named in SQL as it is in the snapshot."""
    return lambda name, _: [f"drop {kind} {name};"]


def by_property(steps: Mapping[str, Callable[[Change], Statements]]) -> Alter:
    """Return an alter that takes the steps of the facts that differ, in their order.

    A fact without a step can only be had by making the object anew.
    """

    def alter(change: Change) -> Statements | None:
        properties = set(change.properties)
        if not properties <= steps.keys():
            return None
        statements: dict[str, None] = {}
        for name, step in steps.items():
            if name in properties:
                statements.update(dict.fromkeys(step(change)))
        return list(statements)

    return alter
