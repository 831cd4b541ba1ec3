"""`--mutate`: break what the changes built, one thing each time; a check must notice.

That is done where all changes are applied, and all that `trunkline verify` asks there
is asked: the checks of every change and the invariants. So the verification of a later
change may answer for an earlier one, and what a later change has altered is its own.

Each mutant is made in a transaction that is rolled back. It is noticed when a check
finds a violation or errors; else it survived. A survivor is a check that is missing, or
one that the verification of the change that made the object accepts:

    -- survives: index idx_calls_day on public.calls: dropped — only slower

Before the colon of the reason stands the mutant's name, `*` for any part of it.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from psycopg import Connection, Error

from trunkline import checks, proof
from trunkline.catalog import Snapshot
from trunkline.checks import Plans
from trunkline.events import Emit, Mutating, ignore
from trunkline.header import Survival
from trunkline.project import Change, Project
from trunkline.rehearsal.mutants import Makers, Mutant, mutants
from trunkline.verification import Check

NEEDED = 0.95
"""The least score that is good enough."""
AT_ONCE = 25
"""So many checks are asked in one round trip; those that notice most come first."""


@dataclass(frozen=True)
class Tried:
    """One mutant of what `change` made: the check that noticed it, None where none did;
    or the message of the server that `refused` to make it."""

    change: str
    mutant: Mutant
    noticed_by: str | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Attempts:
    """All mutants, tried; and the checks that failed with nothing broken, each by its
    file and sentence. They were not asked, since they would have noticed anything."""

    tried: tuple[Tried, ...]
    unasked: tuple[str, ...] = ()


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

    `made` counts those that were noticed or survived; `unmade`, which the server
    refused, are not among them. `unused` are `-- survives:` lines that no survivor
    needs.
    """

    id: str
    made: int
    noticed: int
    unmade: int
    survivors: tuple[Survivor, ...]
    unused: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether each survivor has a reason."""
        return all(survivor.reason is not None for survivor in self.survivors)


@dataclass(frozen=True)
class Mutation:
    """The mutants of all changes; `score` is noticed / made, from 0 to 1. `unasked` are
    checks that failed already."""

    made: int
    noticed: int
    score: float
    needed: float
    ok: bool
    changes: tuple[ChangeMutants, ...]
    unasked: tuple[str, ...] = ()


def attempt(
    databases: Sequence[Connection],
    project: Project,
    present: frozenset[str],
    built: Snapshot,
    makers: Makers,
    hear: Emit = ignore,
) -> Attempts:
    """Make each mutant of what is in a database, and ask all that `verify` asks.

    `databases` are connections to equal throwaways with the changes `present`, whose
    catalog is `built`; each gets a share of the work, and is left as it was. Objects
    that `makers` does not know are left alone, and a check that fails already is not
    asked.
    """
    here = [change for change in project.changes if change.id in present]
    asking = _Asking(
        [(change.id, check) for change in here for check in change.checks]
        + [(i.name, check) for i in project.holding(present) for check in i.checks]
    )
    unasked = asking.leave_out_what_fails(databases[0])
    made = [
        (maker, mutant)
        for mutant in mutants(built)
        if (maker := makers.of(mutant.kind, mutant.object, mutant.touches))
    ]
    work = _Work(made, hear)
    with ThreadPoolExecutor(len(databases)) as pool:
        shares = pool.map(lambda one: _try_share(one, work, asking), databases)
        return Attempts(tuple(t for share in shares for t in share), unasked)


def judge(
    attempts: Attempts, changes: Iterable[Change], *, needed: float = NEEDED
) -> Mutation:
    """Say what the mutants of these changes show of their verification.

    It is well when the score is `needed`, each survivor has a reason, and every check
    could be asked.
    """
    by_change: dict[str, list[Tried]] = {}
    for one in attempts.tried:
        by_change.setdefault(one.change, []).append(one)
    judged = tuple(_judge(change, by_change.get(change.id, [])) for change in changes)
    made = sum(change.made for change in judged)
    noticed = sum(change.noticed for change in judged)
    score = noticed / made if made else 1.0
    unasked = attempts.unasked
    ok = score >= needed and not unasked and all(change.ok for change in judged)
    return Mutation(made, noticed, score, needed, ok, judged, unasked)


def _judge(change: Change, tried: Iterable[Tried]) -> ChangeMutants:
    made = sorted((t for t in tried if not t.refused), key=lambda t: t.mutant.name)
    survived = [t.mutant for t in made if t.noticed_by is None]
    return ChangeMutants(
        id=change.id,
        made=len(made),
        noticed=len(made) - len(survived),
        unmade=sum(1 for t in tried if t.refused),
        survivors=tuple(
            Survivor(
                mutant.name,
                mutant.sql,
                f"verification/{change.id}.sql",
                _reason(mutant, change.survives),
            )
            for mutant in survived
        ),
        unused=tuple(
            line.text
            for line in change.survives
            if not any(_covers(line, mutant) for mutant in survived)
        ),
    )


def _reason(mutant: Mutant, accepted: Iterable[Survival]) -> str | None:
    return next((line.reason for line in accepted if _covers(line, mutant)), None)


def _covers(line: Survival, mutant: Mutant) -> bool:
    pattern = ".*".join(re.escape(part) for part in line.mutant.split("*"))
    return re.fullmatch(pattern, mutant.name) is not None


class _Work:
    """Mutants, each with the change that answers for it, handed out one at a time."""

    def __init__(self, made: Sequence[tuple[str, Mutant]], hear: Emit) -> None:
        self._mutants = enumerate(made, start=1)
        self._total, self._hear = len(made), hear
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[tuple[str, Mutant]]:
        return self

    def __next__(self) -> tuple[str, Mutant]:
        with self._lock:
            done, mutant = next(self._mutants)
            self._hear(Mutating(done, self._total))
            return mutant


class _Asking:
    """Checks, by change or invariant, and how many mutants each has noticed."""

    def __init__(self, named: Sequence[tuple[str, Check]]) -> None:
        self._named = list(named)
        self._noticed: Counter[tuple[str, int]] = Counter()

    def leave_out_what_fails(self, connection: Connection) -> tuple[str, ...]:
        """Ask no more what fails where nothing is broken; returns what that is."""
        results = checks.run_together(connection, self._named, ignore)
        self._named = [
            named
            for named, result in zip(self._named, results, strict=True)
            if result.passed
        ]
        return tuple(f"{r.source}: {r.sentence}" for r in proof.failing(results))

    def first_to_complain(
        self, connection: Connection, change: str, plans: Plans
    ) -> str | None:
        """The sentence of a check that fails; None when all pass.

        Those of the change itself come first, then those that notice most.
        """
        ordered = sorted(
            self._named,
            key=lambda named: (
                named[0] != change,
                -self._noticed[named[1].source, named[1].line],
            ),
        )
        for part in (ordered[:AT_ONCE], ordered[AT_ONCE:]):
            results = checks.run_together(connection, part, ignore, plans)
            failed = proof.failing(results)
            if failed:
                self._noticed.update((one.source, one.line) for one in failed)
                return failed[0].sentence
        return None


def _try_share(
    connection: Connection, work: Iterable[tuple[str, Mutant]], asking: _Asking
) -> list[Tried]:
    """Try mutants until there are no more, on one database."""
    plans = Plans()
    tried = []
    for change, mutant in work:
        with connection.transaction(force_rollback=True):
            try:
                connection.execute(mutant.sql.encode(), prepare=False)
            except Error as error:
                refused = error.diag.message_primary or str(error)
                tried.append(Tried(change, mutant, refused=refused))
                continue
            complaint = asking.first_to_complain(connection, change, plans)
            tried.append(Tried(change, mutant, noticed_by=complaint))
    return tried
