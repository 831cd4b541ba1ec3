"""`verify`: the checks of applied changes and the invariants, on a live database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from trunkline import checks, proof
from trunkline.connect import Target, reading
from trunkline.errors import UsageError
from trunkline.events import CheckResult, Emit, Notice, Verified
from trunkline.ledger import Ledger
from trunkline.project import Change, Project


@dataclass(frozen=True)
class Result:
    """Every check that was run. `unverified`: applied changes that have none."""

    results: tuple[CheckResult, ...]
    unverified: tuple[str, ...]

    @property
    def failing(self) -> tuple[CheckResult, ...]:
        return proof.failing(self.results)

    @property
    def ok(self) -> bool:
        return not self.failing


def run(project: Project, target: Target, ids: Sequence[str], emit: Emit) -> Result:
    """Run all checks of the applied changes, then the invariants; only reads.

    `ids` names changes to verify alone, without the invariants. Raises UsageError for
    one that is not applied or a verification file that cannot be read as checks.
    """
    with reading(target) as connection:
        applied = Ledger(connection, project.config.migration_table).read(connection)
        named = {project.change(name).id for name in ids}
        if missing := sorted(named - applied.applied):
            raise UsageError(
                f"{', '.join(missing)}: not applied",
                hint="See `trunkline status`.",
            )
        wanted = named or applied.applied
        changes = [change for change in project.changes if change.id in wanted]
        invariants = () if named else project.holding(applied.applied)
        _refuse_unreadable(changes, [p for i in invariants for p in i.problems])
        results: list[CheckResult] = []
        for name, group in (
            *((change.id, change.checks) for change in changes),
            *((invariant.name, invariant.checks) for invariant in invariants),
        ):
            started = perf_counter()
            found = checks.run(connection, name, group, emit)
            if group:
                ok = not proof.failing(found)
                emit(Verified(name, ok, perf_counter() - started))
            else:
                emit(Notice(f"{name} has no checks"))
            results += found
    unverified = tuple(change.id for change in changes if not change.checks)
    return Result(tuple(results), unverified)


def _refuse_unreadable(changes: list[Change], more: list[object]) -> None:
    problems: list[object] = [
        problem
        for change in changes
        for problem in change.problems_of(change.verification)
    ]
    problems += more
    if problems:
        raise UsageError(
            str(problems[0]),
            detail="\n".join(str(problem) for problem in problems[1:]) or None,
        )
