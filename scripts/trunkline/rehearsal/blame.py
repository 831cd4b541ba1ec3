"""Which failing checks a change can be blamed for: what did not fail before it."""

from __future__ import annotations

from collections.abc import Iterable, Set

from psycopg import Connection

from trunkline import checks, proof
from trunkline.events import CheckResult, ignore
from trunkline.project import Project


def newly_failing(
    results: Iterable[CheckResult],
    project: Project,
    present: Set[str],
    before: Connection,
) -> tuple[CheckResult, ...]:
    """The results that have not passed, without those that fail `before` as well.

    `before` is connected to a database that has the changes `present` and no other, so
    only their checks, and the invariants that hold with them, can fail there already.
    """
    failed = proof.failing(results)
    if not failed:
        return ()
    asked = {(result.source, result.line) for result in failed}
    there = [c for c in project.changes if c.id in present]
    named = [
        (owner, check)
        for owner, own in (
            *((change.id, change.checks) for change in there),
            *((i.name, i.checks) for i in project.holding(present)),
        )
        for check in own
        if (check.source, check.line) in asked
    ]
    old = {
        (result.source, result.line)
        for result in proof.failing(checks.run_together(before, named, ignore))
    }
    return tuple(result for result in failed if (result.source, result.line) not in old)
