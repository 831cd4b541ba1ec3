"""`drift`: a live database against what its applied changes produce."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline import catalog, produced
from trunkline.catalog import Difference
from trunkline.connect import Target, reading
from trunkline.errors import UsageError
from trunkline.ledger import Ledger
from trunkline.project import Project
from trunkline.throwaway import Request


@dataclass(frozen=True)
class Result:
    """The differences of a live catalog; `repair` makes the live database as expected.

    `ignored` counts the lines of `drift_ignore` in yoyo.ini that are in force.
    """

    database: str
    applied: int
    differences: tuple[Difference, ...]
    ignored: int

    @property
    def ok(self) -> bool:
        return all(d.kind == "column_order" for d in self.differences)


def run(project: Project, target: Target, request: Request) -> Result:
    """Compare; only reads from the live database.

    Raises UsageError when an applied change is not in the project, Unreachable, and
    Failure when the changes cannot be applied to a throwaway.
    """
    with reading(target) as connection:
        state = Ledger(connection, project.config.migration_table).read(connection)
        found = catalog.snapshot(connection)
        owner = produced.owner_of(connection)
        roles = produced.roles_of(connection)
    changes = [change for change in project.changes if change.id in state.applied]
    unknown = sorted(state.applied - {change.id for change in changes})
    if unknown:
        raise UsageError(
            f"the database has changes that this project has not: {', '.join(unknown)}",
            hint="Check out the version that has them.",
        )
    expected = produced.snapshot(
        changes,
        request,
        migration_table=project.config.migration_table,
        owner=owner,
        roles=roles,
    )
    ignored = project.config.drift_ignored
    differences = produced.differences(expected, found, [named for named, _ in ignored])
    return Result(target.label, len(changes), differences, len(ignored))
