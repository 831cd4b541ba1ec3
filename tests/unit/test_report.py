"""What reports make of results: lines for a person, JUnit for a machine."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from trunkline.catalog import Difference
from trunkline.errors import UsageError
from trunkline.events import CheckResult, Violation
from trunkline.rehearsal.result import ChangeReport, Lost, RehearsalReport, Verdict
from trunkline.report import junit
from trunkline.report.document import plain
from trunkline.report.words import check_lines, duration, rehearsal_lines, shown

NAME = "20260301_quiet_hours"
INDEX = Difference(
    "missing", "index", "public.idx_a", "gone", "create index idx_a on public.a (b);"
)


def check(*details: str, error: str | None = None) -> CheckResult:
    violations = tuple(Violation("a room", detail) for detail in details)
    return CheckResult(NAME, "all is well", False, "v.sql", 3, violations, error, 0.01)


def change(verdict: Verdict, **found: object) -> ChangeReport:
    empty: dict[str, object] = dict.fromkeys(
        ("differences", "lost", "declared", "checks", "locks"), ()
    )
    facts = empty | {"seconds": 0.2, "up": None, "down": None, "error": None} | found
    return ChangeReport(id=NAME, verdict=verdict, **facts)  # type: ignore[arg-type]


def rehearsal(report: ChangeReport) -> RehearsalReport:
    ok = report.ok(allow_unverified=False)
    return RehearsalReport("p", "18.4", "embedded", 1.0, ok, (report,))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0124, "12 ms"),
        (0.9994, "999 ms"),
        (3.44, "3.4 s"),
        (99.94, "99.9 s"),
        (125, "2 min 05 s"),
    ],
)
def test_a_time_is_told_as_a_person_says_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_value_from_a_database_is_one_bounded_line_of_printable_text() -> None:
    assert shown("a\nb\x1b[2Jc\x00é—") == r"a\nb\x1b[2Jc\x00é—"
    assert len(shown("x" * 10_000_000)) < 600


def test_ten_violations_are_shown_and_the_others_counted() -> None:
    lines = list(check_lines(check(*map(str, range(13)))))
    assert lines[0] == "v.sql:3: all is well"
    assert lines[-1] == "  and 3 more"
    assert len(lines) == 12


@pytest.mark.parametrize(
    ("verdict", "directory"),
    [(Verdict.DOWN_INEXACT, "rollbacks"), (Verdict.REDO_DIFFERS, "migrations")],
)
def test_a_repair_is_told_with_the_file_that_it_belongs_to(
    verdict: Verdict, directory: str
) -> None:
    lines = list(rehearsal_lines(change(verdict, differences=(INDEX,))))
    assert lines == [
        "missing index public.idx_a: gone",
        f"  add to {directory}/{NAME}.sql:",
        "    create index idx_a on public.a (b);",
    ]


def test_a_loss_is_told_with_the_line_that_would_declare_it() -> None:
    remedy = "-- loses: public.a rows — why"
    lost = Lost("public.a", "rows", 3, "3 rows are gone", remedy)
    lines = list(rehearsal_lines(change(Verdict.DATA_LOST, lost=(lost,))))
    assert lines[0] == "lost rows public.a: 3 rows are gone"
    assert lines[-1] == f"    {remedy}"


def test_junit_of_checks_has_a_case_for_each_and_tells_errors_from_failures(
    tmp_path: Path,
) -> None:
    results = [check(), check("no door"), check(error="no such table")]
    path = tmp_path / "verify.xml"
    junit.write(str(path), junit.of_checks(results))
    root = ET.parse(path).getroot()
    (suite,) = root.iter("testsuite")
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors")}
    assert suite.attrib["name"] == NAME
    assert counts == {"tests": "3", "failures": "1", "errors": "1"}
    assert [case.attrib["name"] for case in root.iter("testcase")] == [
        "all is well"
    ] * 3


def test_junit_can_be_read_whatever_stands_in_the_database(tmp_path: Path) -> None:
    nasty = Difference(
        "differs", "comment", "t", "\ud7ff\x0b]]>&<", "-- \x00\x1b\uffff"
    )
    report = change(Verdict.DOWN_INEXACT, differences=(nasty,), error="\x08 bad")
    path = tmp_path / "rehearsal.xml"
    document = junit.of_rehearsal(rehearsal(report), allow_unverified=False)
    junit.write(str(path), document)
    (failure,) = ET.parse(path).iter("failure")
    assert failure.text is not None
    assert "]]>&<" in failure.text
    assert failure.attrib == {"message": "\ufffd bad", "type": "down_inexact"}


@pytest.mark.parametrize(
    ("verdict", "allow", "failures"),
    [
        (Verdict.EXACT, False, 0),
        (Verdict.COLUMN_ORDER, False, 0),
        (Verdict.UNVERIFIED, True, 0),
        (Verdict.UNVERIFIED, False, 1),
        (Verdict.DATA_LOST, True, 1),
    ],
)
def test_junit_fails_the_changes_that_the_rehearsal_fails(
    verdict: Verdict, allow: bool, failures: int
) -> None:
    document = junit.of_rehearsal(rehearsal(change(verdict)), allow_unverified=allow)
    assert document.failures == failures


@pytest.mark.parametrize("name", ["no/such/directory/a.xml", "."])
def test_a_junit_file_that_cannot_be_written_is_refused_beforehand(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        junit.require_writable(str(tmp_path / name))


def test_json_has_the_fields_of_the_dataclasses_and_the_verdict_as_a_word() -> None:
    document = plain(rehearsal(change(Verdict.DATA_LOST, checks=(check("no door"),))))
    (report,) = document["changes"]
    assert report["verdict"] == "data_lost"
    assert report["checks"][0]["violations"] == [
        {"subject": "a room", "detail": "no door"}
    ]
