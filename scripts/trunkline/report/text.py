"""The transcript: sqitch's direction marks and dot leaders, then one counted line."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from trunkline.events import (
    ChangeDone,
    ChangeFailed,
    Checked,
    CheckResult,
    CopyBegins,
    Copying,
    Event,
    IndexProgress,
    LockHeld,
    LocksTraced,
    Mutating,
    Notice,
    OfBackfill,
    OfRehearsal,
    StatementDone,
    Verified,
    Waiting,
)
from trunkline.report.moving import (
    Moving,
    counts_lines,
    error_lines,
    forget_line,
    status_lines,
    undo_line,
)
from trunkline.report.terminal import GREEN, RED, Terminal
from trunkline.report.words import (
    check_lines,
    copy_begins,
    copying,
    counted,
    crash_lines,
    difference_lines,
    duration,
    lock_lines,
    mutating,
    mutation_lines,
    plan_lines,
    queue_lines,
    rehearsal_lines,
    traffic_lines,
    traffic_total,
)

if TYPE_CHECKING:
    from trunkline import adopt, apply, backfill, drift, lint, rollback, status, verify
    from trunkline.rehearsal.crash.figures import ChangeCrashes
    from trunkline.rehearsal.result import ChangeReport, RehearsalReport

WIDTH = 66


class TextReport:
    """For a person: results to stdout, waits and notices to stderr."""

    def __init__(self, *, verbose: bool, explain: bool) -> None:
        self._verbose, self._explain = verbose, explain
        self._locks: list[LockHeld] = []  # of the change that is at work
        self._terminal = Terminal(sys.stdout)
        self._started = perf_counter()
        self._moving = Moving()

    def event(self, event: Event) -> None:
        if self._passing(event):
            return
        self._terminal.clear()
        match event:
            case ChangeDone(id=name, direction=direction, ok=ok, seconds=seconds):
                self._line("+" if direction == "up" else "-", name, ok, seconds)
            case ChangeFailed(id=name, direction=direction, seconds=seconds):
                self._line("+" if direction == "up" else "-", name, False, seconds)
            case Verified(id=name, ok=ok, seconds=seconds):
                self._line("*", name, ok, seconds)
            case LocksTraced(locks=locks):
                self._locks += locks
            case CopyBegins():
                print(f"note: {copy_begins(event)}", file=sys.stderr, flush=True)
            case Checked(result=result) if self._verbose:
                mark = "ok" if result.passed else "not ok"
                print(f"    {mark:<6} {result.sentence}")
            case OfRehearsal():
                self._of_rehearsal(event)
            case OfBackfill():
                self._moving.event(event)
            case Waiting(what=what, for_whom=whom):
                print(f"waiting: {what}: {whom}", file=sys.stderr, flush=True)
            case Notice(text=text):
                print(f"note: {text}", file=sys.stderr, flush=True)

    def _passing(self, event: Event) -> bool:
        """Show how far the work is; False: this is no such event."""
        match event:
            case IndexProgress(id=name, phase=phase):
                part = f" {100 * event.done // event.total} %" if event.total else ""
                self._terminal.passing(f"  {name} {phase}{part}")
            case StatementDone(id=name, number=number, total=total):
                self._terminal.passing(f"  {name} {number}/{total}")
            case Copying(what=what, done=done, total=total):
                self._terminal.passing(f"  {copying(what, done, total)}")
            case Mutating(done=done, total=total):
                self._terminal.passing(f"  {mutating(done, total)}")
            case _:
                return False
        return True

    def status(self, found: status.Status) -> None:
        marks = {
            "applied": "+",
            "pending": " ",
            "partly applied": "~",
            "partly rolled back": "~",
            "unknown": "?",
        }
        for row in found.rows:
            when = f"{row.applied_at:%Y-%m-%d %H:%M} UTC" if row.applied_at else ""
            who = f" by {row.applied_by}" if row.applied_by else ""
            words = f"{row.state} {when}{who}".rstrip()
            print(f"{marks[row.state]} {_led(row.id)} {words}")
            for path in row.changed:
                print(f"    {path} has changed since it was applied")
            for sentence in row.failing:
                print(f"    failing since it was applied: {sentence}")
        states: Counter[str] = Counter(row.state for row in found.rows)
        told = ", ".join(f"{states[s]} {s}" for s in marks if states[s])
        count = counted(len(found.rows), "change")
        print(f"{count} on {found.database}: {told or 'none'}")

    def applied(self, result: apply.Result, *, dry_run: bool) -> None:
        if dry_run:
            for name in result.pending:
                print(f"+ {name}")
            print(f"{counted(len(result.pending), 'change')} would be applied")
            return
        self._ended(result.failing, result.complaint, result.hint)
        if result.applied or not result.complaint:
            print(f"{counted(len(result.applied), 'change')} applied in {self._took()}")

    def planned(self, plan: rollback.Plan) -> None:
        for line in plan_lines(plan):
            print(line)
        sys.stdout.flush()

    def rolled_back(self, result: rollback.Result) -> None:
        self._ended(result.failing, result.complaint, result.hint)
        if result.rolled_back or not result.complaint:
            count = counted(len(result.rolled_back), "change")
            print(f"{count} rolled back in {self._took()}")

    def verified(self, result: verify.Result) -> None:
        self._checks(result.failing)
        failed = len(result.failing)
        told = f"{failed} failed" if failed else "all passed"
        print(f"{counted(len(result.results), 'check')} in {self._took()}: {told}")

    def rehearsed(self, result: RehearsalReport) -> None:
        if result.traffic is not None:
            print(traffic_total(result.traffic))
        if result.mutation is not None:
            for line in mutation_lines(result.mutation, verbose=self._verbose):
                print(line)
        if result.crashes is not None:
            count = sum(change.crashes for change in result.crashes)
            left = sum(not change.ok for change in result.crashes)
            print(
                f"{counted(count, 'crash', 'crashes')} of "
                f"{counted(len(result.crashes), 'change')}: "
                + (f"{left} did not converge" if left else "all converged")
            )
        if result.certified is not None:
            made = result.certified
            print(
                f"certificates: {len(made.written)} written, {len(made.unchanged)} "
                f"unchanged, {len(made.withdrawn)} withdrawn"
            )
        if result.queues is not None:
            for line in queue_lines(result.queues, verbose=self._verbose):
                print(line)
        verdicts = Counter(str(change.verdict) for change in result.changes)
        told = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
        print(
            f"{counted(len(result.changes), 'change')} rehearsed on PostgreSQL "
            f"{result.server_version} ({result.on}) in {duration(result.seconds)}: "
            f"{told or 'none'}"
        )
        if copy := result.copied:
            of = f" of PostgreSQL {copy.version}" if copy.version else ""
            print(
                f"on a copy of {copy.source}{of}: {copy.rows}, "
                f"{counted(copy.tables, 'table')}"
            )

    def adopted(self, result: adopt.Result) -> None:
        self._indented(difference_lines(result.differences, None))
        for difference in result.accepted:
            print(f"    accepted: {difference.named}")
        _tell_versions(result)
        if result.differences:
            print(
                f"{counted(len(result.differences), 'difference')}, nothing marked: "
                "repair each, or pass --accept 'OBJECT NAME' for it"
            )
        else:
            count = counted(len(result.marked), "change")
            print(f"{count} marked as applied on {result.database}")

    def drifted(self, result: drift.Result) -> None:
        for name in result.half_way:
            print(f"{name} is half way: finish it first (see `trunkline status`)")
        for line in difference_lines(result.differences, None):
            print(line)
        for name in result.unmatched:
            print(f"yoyo.ini: drift_ignore: no difference is called `{name}`")
        _tell_versions(result)
        ignored = f", {len(result.ignored)} ignored" if result.ignored else ""
        print(
            f"{counted(len(result.differences), 'difference')}{ignored} between "
            f"{result.database} and what its "
            f"{counted(result.applied, 'change')} would produce"
        )

    def scripted(self, text: str) -> None:
        print(text, end="")

    def backfills(self, found: Sequence[tuple[str, backfill.Status | None]]) -> None:
        for name, status in found:
            words = "never run"
            if status:
                when = status.finished_at or status.started_at
                count = counted(status.counts.errors, "error")
                words = f"{status.state}  {when:%Y-%m-%d %H:%M} UTC, {count}"
            print(f"{_led(name)} {words}")
        print(f"{counted(len(found), 'backfill')} at hand")

    def backfilled(self, result: backfill.Report, words: backfill.Words) -> None:
        self._moving.end()
        rate = result.seconds and self._moving.rows / result.seconds
        run = (
            "a dry run, nothing is kept" if result.run is None else f"run {result.run}"
        )
        state = "at its limit" if result.state == "running" else result.state
        print(
            f"{result.name} ({run}): {state} in {duration(result.seconds)}, "
            f"{rate:,.0f} rows/s"
        )
        self._indented(counts_lines(result.counts, words))
        self._indented(error_lines(result.errors, verbose=self._verbose))

    def backfill_status(
        self, name: str, found: backfill.Status | None, words: backfill.Words
    ) -> None:
        if found is None:
            print(f"{name} has never run")
            return
        for line in status_lines(found):
            print(line)
        self._indented(counts_lines(found.counts, words))
        self._indented(error_lines(found.errors, verbose=self._verbose))

    def backfill_changed(self, name: str, state: str) -> None:
        again = " again: go on with `trunkline backfill`" if state == "running" else ""
        print(f"{name} is {state}{again}")

    def backfill_undoable(self, name: str, found: backfill.Undoable) -> None:
        print(undo_line(name, found), flush=True)

    def backfill_forgettable(self, name: str, rows: int) -> None:
        print(forget_line(name, rows), flush=True)

    def backfill_undone(self, result: backfill.Undone) -> None:
        self._moving.end()
        kept = f", {counted(result.kept, 'row')} kept" if result.kept else ""
        print(
            f"{result.name}: {counted(result.undone, 'row')} put back{kept} "
            f"in {duration(result.seconds)}"
        )

    def backfill_forgotten(self, name: str, rows: int) -> None:
        print(f"{name}: {counted(rows, 'row')} forgotten; it cannot be undone any more")

    def linted(self, result: lint.Report) -> None:
        for finding in result.findings:
            print(f"{finding} [{finding.fault.rule}]")
            if finding.fault.hint:
                print(f"    {finding.fault.hint}")
        count = counted(len(result.findings), "finding")
        print(f"{count} in {counted(result.files, 'file')}")

    def written(self, paths: Sequence[str]) -> None:
        for path in paths:
            print(f"wrote {path}")

    def _of_rehearsal(self, event: OfRehearsal) -> None:
        from trunkline.rehearsal.crash.figures import Crashed
        from trunkline.rehearsal.result import Played, Rehearsed

        match event:
            case Rehearsed(report=report, ok=ok):
                self._rehearsed(report, ok=ok)
            case Played(report=report):
                self._indented(traffic_lines(report, verbose=self._verbose))
            case Crashed(report=report):
                self._crashed(report)

    def _rehearsed(self, report: ChangeReport, *, ok: bool) -> None:
        self._line("*", report.id, ok, report.seconds)
        if str(report.verdict) != "exact":
            reason = f": {report.error}" if report.error else ""
            self._indented(f"{report.verdict}{reason}".splitlines())
        self._indented(rehearsal_lines(report))
        if self._explain:
            self._indented(lock_lines(report.locks))
        for declared in report.declared:
            if declared.count or self._verbose:
                print(f"    declared, {declared.count} found: {declared.text}")
        if self._verbose:
            for result in report.checks:
                if result.passed:
                    print(f"    ok     {result.sentence}")
        sys.stdout.flush()

    def _crashed(self, report: ChangeCrashes) -> None:
        count = counted(report.crashes, "crash", "crashes")
        self._marked("!", report.id, report.ok, count)
        self._indented(crash_lines(report))
        sys.stdout.flush()

    def _line(self, mark: str, name: str, ok: bool, seconds: float) -> None:
        self._marked(mark, name, ok, duration(seconds))

    def _marked(self, mark: str, name: str, ok: bool, told: str) -> None:
        word = self._terminal.coloured(*(("ok", GREEN) if ok else ("not ok", RED)))
        print(f"{mark} {_led(name)} {word}  {told}", flush=True)
        self._indented(lock_lines(self._locks))
        self._locks.clear()

    def _ended(
        self, failing: Iterable[CheckResult], complaint: str | None, hint: str | None
    ) -> None:
        self._checks(failing)
        sys.stdout.flush()
        if complaint:
            print(f"trunkline: {complaint}", file=sys.stderr)
            if hint:
                print(f"hint:   {hint}", file=sys.stderr)

    def _checks(self, failing: Iterable[CheckResult]) -> None:
        for result in failing:
            self._indented(check_lines(result))

    def _indented(self, lines: Iterable[str]) -> None:
        for line in lines:
            print(f"    {line}")

    def _took(self) -> str:
        return duration(perf_counter() - self._started)


def _tell_versions(result: adopt.Result | drift.Result) -> None:
    if result.differences and result.version != result.reference:
        print(
            f"note: {result.database} is PostgreSQL {result.version}, and was compared "
            f"on {result.reference}, which writes some definitions in other words; "
            f"compare on the same: --on container --image postgres:{result.version}, "
            "or the URL of a server"
        )


def _led(name: str) -> str:
    """A name and dots up to one column."""
    return f"{name} ".ljust(WIDTH, ".")
