"""What every report can render: one method for each thing that a command tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trunkline import adopt, apply, drift, lint, rollback, status, verify
    from trunkline.events import Event
    from trunkline.rehearsal.result import RehearsalReport


class Report(Protocol):
    """Where results and events go."""

    def event(self, event: Event) -> None: ...

    def status(self, found: status.Status) -> None: ...

    def applied(self, result: apply.Result, *, dry_run: bool) -> None: ...

    def planned(self, plan: rollback.Plan) -> None: ...

    def rolled_back(self, result: rollback.Result) -> None: ...

    def verified(self, result: verify.Result) -> None: ...

    def rehearsed(self, result: RehearsalReport) -> None: ...

    def adopted(self, result: adopt.Result) -> None: ...

    def drifted(self, result: drift.Result) -> None: ...

    def linted(self, result: lint.Report) -> None: ...

    def written(self, paths: Sequence[str]) -> None: ...
