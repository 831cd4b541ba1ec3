"""`drift`: a live database against what its applied changes produce."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline import catalog, produced
from trunkline.catalog import Difference
from trunkline.connect import Target, reading
from trunkline.errors import UsageError
from trunkline.events import Emit, ignore
from trunkline.ledger import Ledger
from trunkline.project import Project
from trunkline.throwaway import Request


@dataclass(frozen=True)
class Result:
    """The differences of a live catalog; `repair` makes the live database as expected.

    `half_way`: the changes that are partly applied or partly rolled back, of which some
    of the differences come. `ignored` are those that `drift_ignore` in yoyo.ini names,
    as `object name`; `unmatched` its lines that name none (any more). `version` is the
    database's, and `reference` that of the server it was compared on.
    """

    database: str
    applied: int
    half_way: tuple[str, ...]
    differences: tuple[Difference, ...]
    ignored: tuple[str, ...]
    unmatched: tuple[str, ...]
    version: int
    reference: int

    @property
    def ok(self) -> bool:
        """Whether no change is half way, and only the order of columns differs."""
        told = all(d.kind == "column_order" for d in self.differences)
        return told and not self.half_way


def run(
    project: Project, target: Target, request: Request, emit: Emit = ignore
) -> Result:
    """Compare; only reads from the live database.

    Raises UsageError when an applied change is not in the project, Unreachable, and
    Failure when the changes cannot be applied to a throwaway.
    """
    with reading(target) as connection:
        state = Ledger(connection, project.config.migration_table).read(connection)
        found = catalog.snapshot(connection)
        live = produced.live(connection)
    changes = [change for change in project.changes if change.id in state.applied]
    unknown = sorted(state.applied - {change.id for change in changes})
    if unknown:
        raise UsageError(
            f"the database has changes that this project has not: {', '.join(unknown)}",
            hint="Check out the version that has them.",
        )
    expected, reference = produced.snapshot(
        changes,
        request,
        live,
        migration_table=project.config.migration_table,
        emit=emit,
    )
    differences = produced.differences(expected, found)
    listed = [named for named, _ in project.config.drift_ignored]
    named = {difference.named for difference in differences}
    return Result(
        target.label,
        len(changes),
        tuple(sorted(state.begun("up") | state.begun("down"))),
        tuple(d for d in differences if d.named not in listed),
        tuple(name for name in listed if name in named),
        tuple(name for name in listed if name not in named),
        live.version,
        reference,
    )
