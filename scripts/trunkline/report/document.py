"""Results as one JSON document, field by field as the dataclasses have them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trunkline.events import (
    CopyBegins,
    LockHeld,
    LocksTraced,
    Notice,
    OfBackfill,
    Waiting,
)
from trunkline.report.moving import forget_line, undo_line
from trunkline.report.words import copy_begins, plan_lines

if TYPE_CHECKING:
    from trunkline import adopt, apply, backfill, drift, lint, rollback, status, verify
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

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._locks: dict[str, list[LockHeld]] = {}

    def event(self, event: Event) -> None:
        if isinstance(event, OfBackfill):
            from trunkline.backfill.events import RowKept

            if isinstance(event, RowKept):
                self._kept.append(plain(event))
        elif isinstance(event, LocksTraced):
            self._locks.setdefault(event.id, []).extend(event.locks)
        elif isinstance(event, Waiting):
            print(f"waiting: {event.what}: {event.for_whom}", file=sys.stderr)
        elif isinstance(event, CopyBegins):
            print(f"note: {copy_begins(event)}", file=sys.stderr)
        elif isinstance(event, Notice):
            print(f"note: {event.text}", file=sys.stderr)

    def status(self, found: status.Status) -> None:
        _print({**plain(found), "ok": found.ok})

    def applied(self, result: apply.Result, *, dry_run: bool) -> None:
        document = {**plain(result), "ok": result.ok, "dry_run": dry_run}
        _print({**document, "locks": self._traced()})

    def planned(self, plan: rollback.Plan) -> None:
        self._plan = plain(plan.changes)
        for line in plan_lines(plan):
            print(line, file=sys.stderr)

    def rolled_back(self, result: rollback.Result) -> None:
        document = {"planned": self._plan, **plain(result), "ok": result.ok}
        _print({**document, "locks": self._traced()})

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

    def backfills(self, found: Sequence[tuple[str, backfill.Status | None]]) -> None:
        _print({"backfills": {name: plain(status) for name, status in found}})

    def backfilled(self, result: backfill.Report, words: backfill.Words) -> None:
        _print({**plain(result), "words": plain(words), "ok": not result.errors})

    def backfill_status(
        self, name: str, found: backfill.Status | None, words: backfill.Words
    ) -> None:
        if found is None:
            _print({"name": name, "run": None, "state": "never run", "ok": True})
        else:
            _print({**plain(found), "words": plain(words), "ok": not found.errors})

    def backfill_changed(self, name: str, state: str) -> None:
        _print({"name": name, "state": state})

    def backfill_undoable(self, name: str, found: backfill.Undoable) -> None:
        self._plan = plain(found)
        print(undo_line(name, found), file=sys.stderr)

    def backfill_forgettable(self, name: str, rows: int) -> None:
        print(forget_line(name, rows), file=sys.stderr)

    def backfill_undone(self, result: backfill.Undone) -> None:
        _print(
            {
                "planned": self._plan,
                **plain(result),
                "kept_rows": self._kept,
                "ok": not result.kept,
            }
        )

    def backfill_forgotten(self, name: str, rows: int) -> None:
        _print({"name": name, "forgotten": rows})

    def linted(self, result: lint.Report) -> None:
        findings = [{"path": f.path, **plain(f.fault)} for f in result.findings]
        _print({"findings": findings, "files": result.files, "ok": not findings})

    def _traced(self) -> list[dict[str, Any]]:
        return [
            {"change": name, **plain(lock)}
            for name, locks in self._locks.items()
            for lock in locks
        ]

    def written(self, paths: Sequence[str]) -> None:
        _print({"written": list(paths)})


def _print(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))
