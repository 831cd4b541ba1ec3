"""`--mutate`: break what a change built, one thing at a time; some check must notice.

Each mutant is made in a transaction that is rolled back. It is noticed when a check of
the change, or an invariant that holds, finds a violation or errors; else it survived.
A survivor is a check that is missing, or one that the verification file accepts:

    -- survives: index idx_calls_day on public.calls: dropped — only slower

Before the colon of the reason stands the mutant's name, `*` for any part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import Connection, Error

from trunkline import checks, proof
from trunkline.catalog import Snapshot
from trunkline.events import ignore
from trunkline.header import Survival
from trunkline.project import Change, Invariant
from trunkline.rehearsal.mutants import Mutant, mutants
from trunkline.verification import Check

NEEDED = 0.95
"""The least score that is good enough."""


@dataclass(frozen=True)
class Tried:
    """The mutants of one change: `noticed`, each with the check that did; `survived`;
    `unmade`, which the server refused, each with its message.

    `error` says why none was tried. `built` is the catalog with the change.
    """

    change: Change
    built: Snapshot
    noticed: tuple[tuple[Mutant, str], ...] = ()
    survived: tuple[Mutant, ...] = ()
    unmade: tuple[tuple[Mutant, str], ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Survivor:
    """A mutant that no check noticed: its name, the SQL that makes it, the file where a
    check of it belongs, and the reason why it may survive, None where none is given."""

    mutant: str
    sql: str
    file: str
    reason: str | None


@dataclass(frozen=True)
class ChangeMutants:
    """What became of the mutants of one change.

    `made` counts those that were noticed or survived; `superseded` survivors of what a
    later change alters, and `unmade` those that the server refused, are not among them.
    `unused` are `-- survives:` lines that no survivor needs.
    """

    id: str
    made: int
    noticed: int
    superseded: int
    unmade: int
    survivors: tuple[Survivor, ...]
    unused: tuple[str, ...]
    error: str | None

    @property
    def ok(self) -> bool:
        """Whether its mutants were tried, and each survivor has a reason."""
        accepted = all(survivor.reason is not None for survivor in self.survivors)
        return accepted and self.error is None


@dataclass(frozen=True)
class Mutation:
    """The mutants of all changes; `score` is noticed / made, from 0 to 1."""

    made: int
    noticed: int
    score: float
    needed: float
    ok: bool
    changes: tuple[ChangeMutants, ...]


def attempt(
    connection: Connection,
    change: Change,
    invariants: Iterable[Invariant],
    before: Snapshot,
    after: Snapshot,
) -> Tried:
    """Make each mutant of a change and ask its checks and the invariants.

    `connection` is to a throwaway with the change applied, whose catalog is `after`;
    `before` is the catalog without it. Leaves the database as it was.
    """
    asked = _Asked(connection, change, invariants)
    if sentence := asked.first_to_complain():
        return Tried(
            change,
            after,
            error=f"without a mutant this check fails already: {sentence}",
        )
    noticed: list[tuple[Mutant, str]] = []
    survived: list[Mutant] = []
    unmade: list[tuple[Mutant, str]] = []
    for mutant in mutants(before, after):
        with connection.transaction(force_rollback=True):
            try:
                connection.execute(mutant.sql.encode())
            except Error as error:
                unmade.append((mutant, error.diag.message_primary or str(error)))
                continue
            if sentence := asked.first_to_complain():
                noticed.append((mutant, sentence))
            else:
                survived.append(mutant)
    return Tried(change, after, tuple(noticed), tuple(survived), tuple(unmade))


def judge(
    tried: Sequence[Tried], final: Snapshot, *, needed: float = NEEDED
) -> Mutation:
    """Say what the mutants of all changes show of their verification.

    `final` is the catalog with all changes. It is well when the score is `needed`, each
    survivor has a reason, and no change was left out.
    """
    changes = tuple(_judge(one, final) for one in tried)
    made = sum(change.made for change in changes)
    noticed = sum(change.noticed for change in changes)
    score = noticed / made if made else 1.0
    ok = score >= needed and all(change.ok for change in changes)
    return Mutation(made, noticed, score, needed, ok, changes)


def _judge(tried: Tried, final: Snapshot) -> ChangeMutants:
    change = tried.change
    file = f"verification/{change.id}.sql"
    standing = [m for m in tried.survived if not m.is_superseded(tried.built, final)]
    survivors = tuple(
        Survivor(mutant.name, mutant.sql, file, _reason(mutant, change.survives))
        for mutant in standing
    )
    return ChangeMutants(
        id=change.id,
        made=len(tried.noticed) + len(standing),
        noticed=len(tried.noticed),
        superseded=len(tried.survived) - len(standing),
        unmade=len(tried.unmade),
        survivors=survivors,
        unused=tuple(
            line.text
            for line in change.survives
            if not any(_covers(line, mutant) for mutant in standing)
        ),
        error=tried.error,
    )


def _reason(mutant: Mutant, accepted: Iterable[Survival]) -> str | None:
    return next((line.reason for line in accepted if _covers(line, mutant)), None)


def _covers(line: Survival, mutant: Mutant) -> bool:
    pattern = ".*".join(re.escape(part) for part in line.mutant.split("*"))
    return re.fullmatch(pattern, mutant.name) is not None


class _Asked:
    """The checks of one change, the one that complained last being asked first."""

    def __init__(
        self, connection: Connection, change: Change, invariants: Iterable[Invariant]
    ) -> None:
        self._connection = connection
        self._change = change.id
        self._checks = [*change.checks, *_checks_of(invariants)]

    def first_to_complain(self) -> str | None:
        """The sentence of a check that fails; None when all pass."""
        for position, check in enumerate(self._checks):
            results = checks.run(self._connection, self._change, [check], ignore)
            if proof.failing(results):
                self._checks.insert(0, self._checks.pop(position))
                return check.sentence
        return None


def _checks_of(invariants: Iterable[Invariant]) -> Iterator[Check]:
    for invariant in invariants:
        yield from invariant.checks
