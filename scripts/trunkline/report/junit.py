"""JUnit XML, for CI: one case for each check, or for each rehearsed change."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.errors import UsageError
from trunkline.report.words import (
    check_lines,
    crash_lines,
    mutants_lines,
    rehearsal_lines,
    traffic_lines,
)

if TYPE_CHECKING:
    from junitparser import JUnitXml

    from trunkline.events import CheckResult
    from trunkline.rehearsal.result import RehearsalReport


#: What XML 1.0 has no way to write, not even escaped (section 2.2).
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def require_writable(file: str | None) -> None:
    """Raise UsageError, before any work, when the file could not be written."""
    if file is None:
        return
    path = Path(file)
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"{file} cannot be written",
            hint="Name a file in a directory that exists and is writable.",
        )


def of_checks(results: Iterable[CheckResult]) -> JUnitXml:
    """A suite for each change or invariant file, a case for each check."""
    from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

    document = JUnitXml("trunkline verify")
    for change, group in groupby(results, key=lambda result: result.change):
        suite = TestSuite(change)
        for result in group:
            case = TestCase(result.sentence, change, result.seconds)
            if result.error is not None:
                case.result = [Error(_legal(result.error), "error")]
            elif not result.passed:
                failure = Failure(f"{len(result.violations)} violations", "violation")
                failure.text = _legal("\n".join(check_lines(result)))
                case.result = [failure]
            suite.add_testcase(case)
        document.add_testsuite(suite)
    document.update_statistics()
    return document


def of_rehearsal(report: RehearsalReport, *, allow_unverified: bool) -> JUnitXml:
    """One suite, a case for each change."""
    from junitparser import Failure, JUnitXml, TestCase, TestSuite

    document = JUnitXml("trunkline rehearse")
    suite = TestSuite(f"{report.project} on PostgreSQL {report.server_version}")
    for change in report.changes:
        case = TestCase(change.id, report.project, change.seconds)
        if not change.ok(allow_unverified=allow_unverified):
            failure = Failure(
                _legal(change.error or str(change.verdict)), str(change.verdict)
            )
            failure.text = _legal("\n".join(rehearsal_lines(change)))
            case.result = [failure]
        suite.add_testcase(case)
    document.add_testsuite(suite)
    for name, parts in groupby(_further(report), key=lambda part: part[0]):
        suite = TestSuite(name)
        for _, change_id, ok, lines in parts:
            case = TestCase(change_id, name)
            if not ok:
                failure = Failure(name, "rehearsal")
                failure.text = _legal("\n".join(lines))
                case.result = [failure]
            suite.add_testcase(case)
        document.add_testsuite(suite)
    document.update_statistics()
    return document


def _further(
    report: RehearsalReport,
) -> Iterator[tuple[str, str, bool, Iterator[str]]]:
    """Suite, change, whether all is well, and what was found, of each further part."""
    for felt in report.traffic or ():
        yield "under traffic", felt.id, felt.ok, traffic_lines(felt, verbose=True)
    for mutants in report.mutation.changes if report.mutation else ():
        yield "mutants", mutants.id, mutants.ok, mutants_lines(mutants, verbose=False)
    for crashes in report.crashes or ():
        yield "crashes", crashes.id, crashes.ok, crash_lines(crashes)


def write(file: str, document: JUnitXml) -> None:
    """Write the file whole or not at all. Raises UsageError when it cannot be."""
    path = Path(file)
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        document.write(str(half), pretty=True)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise UsageError(f"{file} cannot be written", detail=error.strerror) from None


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
