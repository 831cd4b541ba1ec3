"""Lines that several reports share: a difference, a loss, a check, told in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trunkline.catalog import Difference
    from trunkline.events import CheckResult, CopyBegins, LockHeld
    from trunkline.rehearsal.conflicts import Conflict
    from trunkline.rehearsal.crash.figures import ChangeCrashes
    from trunkline.rehearsal.lost import Lost
    from trunkline.rehearsal.mutate import ChangeMutants, Mutation, Survivor
    from trunkline.rehearsal.queues import Queue, Queues
    from trunkline.rehearsal.result import ChangeReport
    from trunkline.rehearsal.traffic.figures import ChangeTraffic, Phase
    from trunkline.rollback import Plan

#: So many violations of one check are shown; the count is always told.
SHOWN = 10
#: So many characters of a value; a table may hold megabytes.
LONGEST = 500


def rehearsal_lines(report: ChangeReport) -> Iterator[str]:
    """What a rehearsal found wrong with a change, and what to write where."""
    name = f"{report.id}.sql"
    redo = str(report.verdict) == "redo_differs"
    rollback = report.rollback or f"rollbacks/{name}"
    differing = f"migrations/{name}" if redo else rollback
    yield from conflict_lines(report.conflicts, f"migrations/{name}")
    yield from difference_lines(report.differences, differing)
    yield from lost_lines(report.lost, rollback)
    for result in report.checks:
        if not result.passed:
            yield from check_lines(result)


def traffic_lines(report: ChangeTraffic, *, verbose: bool) -> Iterator[str]:
    """What the application felt of a change, and what went wrong for it."""
    longest = ", ".join(
        f"{phase.name} {duration(phase.longest)}"
        for phase in report.phases
        if phase.name in ("up", "down") and phase.transactions
    )
    count = sum(phase.transactions for phase in report.phases)
    told = f"; longest {longest}" if longest else ""
    yield f"traffic: {counted(count, 'transaction')}{told}"
    for phase in report.phases:
        if verbose:
            yield f"  {_felt(phase)}"
        for failed in phase.failures:
            if failed.expected and not verbose:
                continue
            state = f"{failed.sqlstate} " if failed.sqlstate else ""
            what = "expected to fail" if failed.expected else "failed"
            yield shown(
                f"  {phase.name}: {failed.script or 'a connection'} {what}, "
                f"{failed.count} times: {state}{failed.message}"
            )
    if report.error:
        yield from (f"  {line}" for line in report.error.splitlines())
    for line in lost_lines(report.lost, f"rollbacks/{report.id}.sql"):
        yield f"  {line}"
    for declared in report.declared:
        if declared.count:
            yield (
                f"  declared, {declared.count} written by the application: "
                f"{declared.text}"
            )


def traffic_total(played: Sequence[ChangeTraffic]) -> str:
    """What the application felt of all changes, in one line."""
    phases = [(report.id, phase) for report in played for phase in report.phases]
    count = sum(phase.transactions for _, phase in phases)
    failed = sum(
        failure.count
        for _, phase in phases
        for failure in phase.failures
        if not failure.expected
    )
    stalls = [(p.longest, p.name, i) for i, p in phases if p.name in ("up", "down")]
    longest, name, where = max(stalls, default=(0.0, "", ""))
    told = f"; longest stall {duration(longest)}, {name} of {where}" if stalls else ""
    return (
        f"traffic: {counted(count, 'transaction')} beside "
        f"{counted(len(played), 'change')}, {failed} failed{told}"
    )


def _felt(phase: Phase) -> str:
    return (
        f"{phase.name}: {counted(phase.transactions, 'transaction')}, "
        f"p50 {duration(phase.p50)}, p99 {duration(phase.p99)}, "
        f"longest {duration(phase.longest)}"
    )


def mutation_lines(mutation: Mutation, *, verbose: bool) -> Iterator[str]:
    """The survivors, change by change, then the score."""
    for check in mutation.unasked:
        yield f"not asked about mutants, since it fails without one: {shown(check)}"
    for change in mutation.changes:
        yield from mutants_lines(change, verbose=verbose)
    accepted = sum(
        survivor.reason is not None
        for change in mutation.changes
        for survivor in change.survivors
    )
    left = mutation.made - mutation.noticed - accepted
    yield (
        f"{counted(mutation.made, 'mutant')}, {mutation.noticed} noticed: "
        f"{mutation.score:.1%} ({mutation.needed:.0%} needed), "
        f"{accepted} accepted, {left} without a reason"
    )


def mutants_lines(change: ChangeMutants, *, verbose: bool) -> Iterator[str]:
    """What is to be done about the mutants of one change."""
    told = [s for s in change.survivors if verbose or s.reason is None]
    if not told and not change.unused:
        return
    yield f"{change.id}: {change.noticed} of {counted(change.made, 'mutant')} noticed"
    for survivor in told:
        yield from _survivor_lines(survivor)
    for text in change.unused:
        yield f"  no survivor needs this line: -- survives: {text}"


def _survivor_lines(survivor: Survivor) -> Iterator[str]:
    if survivor.reason is not None:
        yield f"  survived: {survivor.mutant} — {survivor.reason}"
        return
    yield f"  survived: {survivor.mutant}"
    for line in survivor.sql.splitlines():
        yield f"    {line}"
    yield f"    write a check of it in {survivor.file}, or accept it in the header:"
    yield f"    -- survives: {survivor.mutant} — why"


def crash_lines(report: ChangeCrashes) -> Iterator[str]:
    """Where a run was ended, and what was not put right by the next."""
    if report.error:
        yield from map(shown, report.error.splitlines())
    for one in report.unconverged:
        yield f"{one.direction}, {one.way} {one.points[0]}"
        for point in one.points[1:]:
            yield f"  and {point}"
        for found in one.found:
            for line in found.splitlines():
                yield f"  {shown(line)}"


def conflict_lines(conflicts: Iterable[Conflict], file: str) -> Iterator[str]:
    """Each rule that rows break, and the first of them."""
    for conflict in conflicts:
        verb = "breaks" if conflict.count == 1 else "break"
        yield shown(
            f"{file}:{conflict.line}: {counted(conflict.count, 'row')} of "
            f"{conflict.table} {verb} {conflict.rule}"
        )
        for row in conflict.rows[:SHOWN]:
            values = (f"{n} = {'null' if v is None else v}" for n, v in row.items())
            yield f"  {shown(', '.join(values))}"
        if conflict.count > SHOWN:
            yield f"  and {conflict.count - SHOWN} more"


def difference_lines(
    differences: Iterable[Difference], file: str | None
) -> Iterator[str]:
    """Each difference, then the SQL that repairs it and where it belongs."""
    for difference in differences:
        detail = f": {difference.detail}" if difference.detail else ""
        kind = difference.kind.replace("_", " ")
        yield shown(f"{kind} {difference.named}{detail}")
        if difference.repair:
            yield f"  add to {file}:" if file else "  repair:"
            for line in difference.repair.splitlines():
                yield f"    {line}"


def lost_lines(lost: Iterable[Lost], file: str) -> Iterator[str]:
    """Each undeclared loss, then what undoes or declares it."""
    for loss in lost:
        yield shown(f"lost {loss.what} {loss.object}: {loss.detail}")
        if loss.remedy.startswith("--"):
            yield f"  keep them, or declare it in the header of {file}:"
            yield f"    {loss.remedy}"
        elif loss.remedy:
            yield f"  add to {file}:"
            yield f"    {loss.remedy}"


def check_lines(result: CheckResult) -> Iterator[str]:
    """A check that has not passed, with its first violations."""
    yield f"{result.source}:{result.line}: {result.sentence}"
    if result.error is not None:
        yield f"  the query failed: {shown(result.error)}"
    for violation in result.violations[:SHOWN]:
        yield f"  {shown(violation.subject)}: {shown(violation.detail)}"
    if len(result.violations) > SHOWN:
        yield f"  and {len(result.violations) - SHOWN} more"


def lock_lines(locks: Iterable[LockHeld]) -> Iterator[str]:
    """What each statement locked, by its line in the file that went up or down."""
    for lock in locks:
        done = ", wrote it anew" if lock.rewrote else ""
        done += ", read all of it" if lock.scanned else ""
        yield f"{_locked(lock)} for {duration(lock.seconds)}{done}"


def queue_lines(queues: Queues, *, verbose: bool) -> Iterator[str]:
    """Who would wait behind the locks, and who is in the way of the changes."""
    counters = f"watched for {duration(queues.measured)}"
    if queues.averaged is not None:
        counters += f", kept for {duration(queues.averaged)}"
    yield f"behind the locks, on {queues.source} (its counters: {counters}):"
    told = [q for q in queues.queues if verbose or (q.waiting or 0) >= 0.5]
    for queue in told:
        yield f"  {queue.change} {_queue(queue)}"
    if not told:
        yield "  no statement would wait"
    for one in queues.longest:
        who = ", ".join(filter(None, (one.user, one.application, one.state)))
        uses = ", ".join(one.relations) or "no table"
        if verbose or one.seconds >= 1:
            yield shown(f"  open for {duration(one.seconds)}: {who}; it uses {uses}")


def _queue(queue: Queue) -> str:
    if queue.waiting is None:
        return f"{_locked(queue)}: it is not there"
    delayed = f", {duration(queue.delayed)} of waiting" if queue.delayed else ""
    rates = " and ".join(
        f"{rate:.3g} {noun} a second"
        for rate, noun in ((queue.reads, "reads"), (queue.writes, "writes"))
        if rate
    )
    return (
        f"{_locked(queue)} for {duration(queue.seconds)}{delayed}: "
        f"{counted(round(queue.waiting), 'statement')} would wait"
        + (f" ({rates})" if rates else "")
    )


def _locked(lock: LockHeld | Queue) -> str:
    mark = "+" if lock.direction == "up" else "-"
    mode = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", lock.mode.removesuffix("Lock"))
    return f"{mark} line {lock.line}: {mode.upper()} on {lock.relation}"


def shown(text: str) -> str:
    """A value from a database as one line that does nothing to a terminal."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text)} characters)"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {noun if number == 1 else nouns or f'{noun}s'}"


def copy_begins(event: CopyBegins) -> str:
    """What is copied, and how large it is."""
    tables = "" if event.tables is None else f"{counted(event.tables, 'table')}, "
    return f"copying {event.source} ({tables}{size(event.bytes)}): {event.rows}"


def plan_lines(plan: Plan) -> Iterator[str]:
    """What a rollback will do, and lose."""
    for change in plan.changes:
        source = "" if change.source == "file" else " (by the ledger's SQL)"
        yield f"will roll back {change.id}{source}"
        for loss in change.losses:
            rows = "" if loss.count is None else f" ({counted(loss.count, 'row')})"
            yield f"    loses: {loss.text}{rows}"
        for text in change.leaves:
            yield f"    leaves: {text}"


def copying(what: str, done: int, total: int) -> str:
    """How far a copy is: a bar where the whole is known, else how much has come."""
    if not total:
        return f"{what}: {size(done)}"
    return f"{what} {_bar(done, total)} % of {size(total)}"


def mutating(done: int, total: int) -> str:
    """How far the mutants are: a bar."""
    return f"mutants {_bar(done, total)} % of {total:,}"


def _bar(done: int, total: int) -> str:
    filled = min(20 * done // total, 20)
    part = min(100 * done // total, 100)
    return f"[{'#' * filled}{'.' * (20 - filled)}] {part}"


def size(number: int) -> str:
    """Bytes as a person says them: `0.3 MB`, `12 MB`, `3.4 GB`."""
    many, unit = (number / 1e9, "GB") if number >= 1e9 else (number / 1e6, "MB")
    return f"{many:.0f} {unit}" if many >= 10 else f"{many:.1f} {unit}"


def duration(seconds: float) -> str:
    """A time as a person says it: `12 ms`, `3.4 s`, `2 min 05 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
