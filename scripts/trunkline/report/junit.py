"""JUnit XML, for CI: a suite for each change, a case for each thing asked of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.errors import NotWritten, UsageError
from trunkline.report.words import (
    check_lines,
    crash_lines,
    mutants_lines,
    rehearsal_lines,
    traffic_lines,
)

if TYPE_CHECKING:
    from junitparser import JUnitXml, TestCase

    from trunkline.events import CheckResult
    from trunkline.rehearsal.result import RehearsalReport


#: What XML 1.0 has no way to write, not even escaped (section 2.2).
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def require_writable(file: str | None) -> None:
    """Raise UsageError, before any work, when the file could not be written."""
    if file is None or _is_device(Path(file)):
        return
    path = Path(file).resolve()
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"{file} cannot be written",
            hint="Name a file in a directory that exists and is writable.",
        )


def of_checks(results: Iterable[CheckResult]) -> JUnitXml:
    """A suite for each change or invariant file, a case for each check."""
    from junitparser import JUnitXml, TestSuite

    document = JUnitXml("trunkline verify")
    for change, group in groupby(results, key=lambda result: result.change):
        suite = TestSuite(change)
        for result in group:
            suite.add_testcase(_of_check(result))
        document.add_testsuite(suite)
    document.update_statistics()
    return document


def of_rehearsal(report: RehearsalReport, *, allow_unverified: bool) -> JUnitXml:
    """A suite for each change: a case for its rehearsal, for each check that was asked,
    and for each further part that was played."""
    from junitparser import JUnitXml, TestSuite

    where = f"{report.project} on PostgreSQL {report.server_version}"
    document = JUnitXml(f"trunkline rehearse: {where}")
    for change in report.changes:
        suite = TestSuite(change.id)
        case = _case(
            change.id,
            "rehearsal",
            change.seconds,
            None
            if change.ok(allow_unverified=allow_unverified)
            else (change.error or str(change.verdict), rehearsal_lines(change)),
            kind=str(change.verdict),
        )
        suite.add_testcase(case)
        for result in change.checks:
            suite.add_testcase(_of_check(result, change.id))
        for part, ok, lines in _further(report, change.id):
            bad = None if ok else (part, lines)
            suite.add_testcase(_case(change.id, part, 0.0, bad, kind="rehearsal"))
        document.add_testsuite(suite)
    document.update_statistics()
    return document


def _of_check(result: CheckResult, change: str | None = None) -> TestCase:
    from junitparser import Error

    bad = None
    if not result.passed and result.error is None:
        bad = (f"{len(result.violations)} violations", check_lines(result))
    case = _case(
        change or result.change,
        result.sentence,
        result.seconds,
        bad,
        kind="violation",
    )
    if result.error is not None:
        case.result = [Error(_legal(result.error), "error")]
    return case


def _case(
    change: str,
    name: str,
    seconds: float,
    bad: tuple[str, Iterable[str]] | None,
    *,
    kind: str,
) -> TestCase:
    """One case, which has failed where `bad` gives a message and the lines below it."""
    from junitparser import Failure, TestCase

    case = TestCase(_legal(name), change, seconds)
    if bad is not None:
        message, lines = bad
        failure = Failure(_legal(message), kind)
        failure.text = _legal("\n".join(lines))
        case.result = [failure]
    return case


def _further(
    report: RehearsalReport, change: str
) -> Iterator[tuple[str, bool, Iterable[str]]]:
    """What was played of a change beyond its rehearsal, whether all is well, and what
    was found."""
    for felt in report.traffic or ():
        if felt.id == change:
            yield "under traffic", felt.ok, traffic_lines(felt, verbose=True)
    for mutants in report.mutation.changes if report.mutation else ():
        if mutants.id == change:
            yield "mutants", mutants.ok, mutants_lines(mutants, verbose=False)
    for crashes in report.crashes or ():
        if crashes.id == change:
            yield "crashes", crashes.ok, crash_lines(crashes)


@contextmanager
def written(file: str | None, document: Callable[[], JUnitXml]) -> Iterator[None]:
    """Write the file, if one is asked for; that it could not be is told at the end.

    So inside the block, where the report is made, all is told all the same.
    """
    failure = None
    try:
        if file is not None:
            write(file, document())
    except NotWritten as error:
        failure = error
    yield
    if failure is not None:
        raise failure


def write(file: str, document: JUnitXml) -> None:
    """Write the file whole or not at all. Raises NotWritten when it cannot be.

    A device or a pipe (`/dev/stdout`) is written to; nothing takes its place.
    """
    path = Path(file).resolve()
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if _is_device(Path(file)):
            with Path(file).open("wb") as device:
                document.write(device, pretty=True)
            return
        document.write(str(half), pretty=True)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise NotWritten(f"{file} cannot be written", detail=error.strerror) from None


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
