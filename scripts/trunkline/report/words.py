"""Lines that several reports share: a difference, a loss, a check, told in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trunkline.catalog import Difference
    from trunkline.events import CheckResult
    from trunkline.rehearsal.result import ChangeReport, Lost

#: So many violations of one check are shown; the count is always told.
SHOWN = 10
#: So many characters of a value; a table may hold megabytes.
LONGEST = 500


def rehearsal_lines(report: ChangeReport) -> Iterator[str]:
    """What a rehearsal found wrong with a change, and what to write where."""
    name = f"{report.id}.sql"
    redo = str(report.verdict) == "redo_differs"
    differing = f"migrations/{name}" if redo else f"rollbacks/{name}"
    yield from difference_lines(report.differences, differing)
    yield from lost_lines(report.lost, f"rollbacks/{name}")
    for result in report.checks:
        if not result.passed:
            yield from check_lines(result)


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


def shown(text: str) -> str:
    """A value from a database as one line that does nothing to a terminal."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text)} characters)"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def counted(number: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time as a person says it: `12 ms`, `3.4 s`, `2 min 05 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
