"""A backfill told to a person: a bar while it goes on, then counts and errors.

The bar is for a terminal only, and on stderr, so that the result can be piped.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from trunkline.report.terminal import Terminal
from trunkline.report.words import counted, duration, shown

if TYPE_CHECKING:
    from trunkline.backfill import Counts, RowError, Status, Undoable, Words
    from trunkline.events import OfBackfill

#: So many errors are listed; the count of each reason is always told.
SHOWN = 20
#: So many rows that an undo keeps are named.
KEPT = 20
#: The bar is drawn anew at most so often, in seconds.
REDRAW = 0.1
BAR = 24


class Moving:
    """The bar, with rate and time left; `rows` have been gone through in this call."""

    def __init__(self) -> None:
        self.rows = 0
        self._terminal = Terminal(sys.stderr)
        self._name = ""
        self._before = self._estimate = self._kept = 0
        self._started = self._drawn = monotonic()

    def event(self, event: OfBackfill) -> None:
        """Take in what happened."""
        from trunkline.backfill import events as of

        match event:
            case of.RunStarted(name=name, before=before, estimate=estimate):
                self._name, self._estimate = name, estimate
                self._before = before.total
                self._started = monotonic()
                if before.total:
                    told = f"goes on behind {counted(before.total, 'row')}"
                    print(f"note: {name} {told}", file=sys.stderr)
            case of.BatchDone(counts=counts):
                self._moved(counts.total)
            case of.UndoBatchDone(undone=undone, kept=kept):
                self._moved(undone + kept)
            case of.RowKept(key=key, reason=reason):
                self._kept += 1
                if self._kept <= KEPT:
                    self.end()
                    print(f"    kept {', '.join(key)}: {shown(reason)}")
                elif self._kept == KEPT + 1:
                    print("    and more are kept: see trunkline.backfill_written")
            case of.WorkerLost(worker=worker, exit_code=code):
                self.end()
                how = f"by signal {-code}" if code < 0 else f"with status {code}"
                print(
                    f"note: worker {worker} ended {how}; the others take over its rows",
                    file=sys.stderr,
                )

    def end(self) -> None:
        """Clear the bar."""
        self._terminal.clear()

    def _moved(self, rows: int) -> None:
        self.rows += rows
        now = monotonic()
        if self._terminal.moves and now - self._drawn >= REDRAW:
            self._drawn = now
            self._terminal.passing(self._bar(now))

    def _bar(self, now: float) -> str:
        rate = self.rows / max(now - self._started, 1e-6)
        done = self._before + self.rows
        if not self._estimate:
            return f"{done:,} rows, {rate:,.0f} rows/s"
        # The planner's guess may be too low: then there is at least what is done.
        whole = max(self._estimate, done)
        part = done / whole
        filled = int(part * BAR)
        left = duration((whole - done) / rate) if rate else "?"
        # The drawing comes last: on a narrow terminal the end of a line is cut.
        return (
            f"{self._name} {part:4.0%} {done:,} of about {whole:,}, "
            f"{rate:,.0f} rows/s, {left} left [{'#' * filled}{'.' * (BAR - filled)}]"
        )


def counts_lines(counts: Counts, words: Words) -> Iterator[str]:
    """The four counts, in the backfill's words."""
    yield f"{words.total}: {counts.total}"
    yield f"{words.migrated}: {counts.migrated}"
    yield f"{words.skipped}: {counts.skipped}"
    yield f"{words.errors}: {counts.errors}"


def error_lines(errors: Sequence[RowError], *, verbose: bool) -> Iterator[str]:
    """Each reason with its count, then the rows."""
    if not errors:
        return
    for reason, number in Counter(error.reason for error in errors).most_common():
        yield f"  {number} {shown(reason)}"
    listed = errors if verbose else errors[:SHOWN]
    for error in listed:
        detail = f": {error.detail}" if error.detail else ""
        yield shown(f"not ok {', '.join(error.key)}: {error.reason}{detail}")
    if len(errors) > len(listed):
        yield f"and {len(errors) - len(listed)} more (--verbose shows all)"


def status_lines(found: Status) -> Iterator[str]:
    """Where a run is, and who is at work on it."""
    began = f"{found.started_at:%Y-%m-%d %H:%M:%S} UTC"
    if found.finished_at:
        yield (
            f"{found.name} (run {found.run}): {found.state}, began {began}, "
            f"ended {found.finished_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    else:
        whole = max(found.estimate, found.counts.total)
        workers = counted(found.workers, "worker")
        yield (
            f"{found.name} (run {found.run}): {found.state}, began {began}, "
            f"{found.counts.total:,} of about {whole:,} rows, {workers}"
        )


def undo_line(name: str, found: Undoable) -> str:
    """What an undo would do."""
    runs, rows = counted(found.runs, "run"), counted(found.rows, "row")
    if found.restored:
        return (
            f"will undo {runs} of {name}: set {', '.join(found.restored)} back "
            f"in {rows} of {found.table}"
        )
    return f"will undo {runs} of {name}: delete {rows} of {found.table}"


def forget_line(name: str, rows: int) -> str:
    """What forgetting would make impossible."""
    return (
        f"will forget what {name} wrote, {counted(rows, 'row')}: "
        "it cannot be undone any more then"
    )
