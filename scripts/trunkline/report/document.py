"""Results as one JSON document, field by field as the dataclasses have them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trunkline.events import Notice, Waiting

if TYPE_CHECKING:
    from trunkline import adopt, apply, drift, lint, rollback, status, verify
    from trunkline.events import Event
    from trunkline.rehearsal.result import RehearsalReport


def plain(value: Any) -> Any:
    """A result as JSON's types: dataclasses as objects, times as ISO 8601 in UTC."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6)
    return value


class JsonReport:
    """`--json`: results to stdout; waits and notices to stderr."""

    def event(self, event: Event) -> None:
        if isinstance(event, Waiting):
            print(f"waiting: {event.what}: {event.for_whom}", file=sys.stderr)
        elif isinstance(event, Notice):
            print(f"note: {event.text}", file=sys.stderr)

    def status(self, found: status.Status) -> None:
        _print({**plain(found), "ok": found.ok})

    def applied(self, result: apply.Result, *, dry_run: bool) -> None:
        _print({**plain(result), "ok": result.ok, "dry_run": dry_run})

    def planned(self, plan: rollback.Plan) -> None:
        self._plan = plain(plan.changes)

    def rolled_back(self, result: rollback.Result) -> None:
        _print({"planned": self._plan, **plain(result), "ok": result.ok})

    def verified(self, result: verify.Result) -> None:
        _print({**plain(result), "ok": result.ok})

    def rehearsed(self, result: RehearsalReport) -> None:
        _print(plain(result))

    def adopted(self, result: adopt.Result) -> None:
        _print({**plain(result), "ok": result.ok})

    def drifted(self, result: drift.Result) -> None:
        _print({**plain(result), "ok": result.ok})

    def scripted(self, text: str) -> None:
        _print({"script": text})

    def linted(self, result: lint.Report) -> None:
        findings = [{"path": f.path, **plain(f.fault)} for f in result.findings]
        _print({"findings": findings, "files": result.files, "ok": not findings})

    def written(self, paths: Sequence[str]) -> None:
        _print({"written": list(paths)})


def _print(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))
