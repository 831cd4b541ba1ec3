"""What reports make of results: lines for a person, JUnit for a machine."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trunkline.catalog import Difference
from trunkline.errors import Failure, UsageError
from trunkline.events import CheckResult, Violation
from trunkline.rehearsal.crash.figures import ChangeCrashes, Unconverged
from trunkline.rehearsal.lost import Declared, Lost
from trunkline.rehearsal.mutate import ChangeMutants, Mutation, Survivor
from trunkline.rehearsal.result import (
    ChangeReport,
    RehearsalReport,
    Verdict,
)
from trunkline.rehearsal.traffic.figures import (
    ChangeTraffic,
    FailedTransactions,
    Phase,
)
from trunkline.report import junit
from trunkline.report.document import plain
from trunkline.report.words import (
    check_lines,
    crash_lines,
    duration,
    mutation_lines,
    rehearsal_lines,
    shown,
    traffic_lines,
    traffic_total,
)

NAME = "20260301_quiet_hours"
INDEX = Difference(
    "missing", "index", "public.idx_a", "gone", "create index idx_a on public.a (b);"
)


def check(*details: str, error: str | None = None) -> CheckResult:
    violations = tuple(Violation("a room", detail) for detail in details)
    return CheckResult(NAME, "all is well", False, "v.sql", 3, violations, error, 0.01)


def change(verdict: Verdict, **found: Any) -> ChangeReport:
    empty: dict[str, Any] = dict.fromkeys(
        ("differences", "lost", "declared", "checks", "locks"), ()
    )
    facts = empty | {"seconds": 0.2, "up": None, "down": None, "error": None} | found
    return ChangeReport(id=NAME, verdict=verdict, **facts)


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


def test_junit_takes_no_place_of_a_pipe_a_device_or_a_link(tmp_path: Path) -> None:
    pipe, link, file = (tmp_path / name for name in ("pipe", "link", "file"))
    os.mkfifo(pipe)
    link.symlink_to("file")
    reader = os.open(pipe, os.O_RDWR)  # so that no end waits for the other
    for path in (pipe, link):
        junit.require_writable(str(path))
        junit.write(str(path), junit.of_checks([]))
    written = os.read(reader, 10_000)
    os.close(reader)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert file.read_bytes() == written


@pytest.mark.parametrize("name", ["no/such/directory/a.xml", "."])
def test_a_junit_file_that_cannot_be_written_is_refused_beforehand(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        junit.require_writable(str(tmp_path / name))


def test_a_junit_file_that_has_no_room_is_a_failure_of_the_work() -> None:
    with pytest.raises(Failure, match="/dev/full cannot be written"):
        junit.write("/dev/full", junit.of_checks([check()]))


def test_json_has_the_fields_of_the_dataclasses_and_the_verdict_as_a_word() -> None:
    document = plain(rehearsal(change(Verdict.DATA_LOST, checks=(check("no door"),))))
    (report,) = document["changes"]
    assert report["verdict"] == "data_lost"
    assert report["checks"][0]["violations"] == [
        {"subject": "a room", "detail": "no door"}
    ]


GONE = FailedTransactions("paint", "42P01", "no such table", 2, expected=True)
BROKEN = FailedTransactions("enter", "42703", "no such column", 3, expected=False)
FELT = ChangeTraffic(
    id=NAME,
    phases=(
        Phase("before", 80, 0.001, 0.004, 0.005, ()),
        Phase("up", 4, 0.002, 0.25, 0.25, (BROKEN,)),
        Phase("down", 5, 0.002, 0.12, 0.12, (GONE,)),
    ),
    lost=(Lost("public.a", "rows", 7, "7 that the application wrote", "-- loses: x"),),
    declared=(Declared("public.b rows — entered again", 2),),
    error=None,
)


def test_traffic_is_told_by_its_stalls_its_failures_and_its_losses() -> None:
    assert list(traffic_lines(FELT, verbose=False)) == [
        "traffic: 89 transactions; longest up 250 ms, down 120 ms",
        "  up: enter failed, 3 times: 42703 no such column",
        "  lost rows public.a: 7 that the application wrote",
        f"    keep them, or declare it in the header of rollbacks/{NAME}.sql:",
        "      -- loses: x",
        "  declared, 2 written by the application: public.b rows — entered again",
    ]


def test_every_phase_and_expected_failure_is_told_to_who_asks_for_more() -> None:
    lines = list(traffic_lines(FELT, verbose=True))
    assert "  before: 80 transactions, p50 1 ms, p99 4 ms, longest 5 ms" in lines
    assert "  down: paint expected to fail, 2 times: 42P01 no such table" in lines


def test_all_traffic_is_told_in_one_line_with_its_longest_stall() -> None:
    assert traffic_total([FELT]) == (
        "traffic: 89 transactions beside 1 change, 3 failed; longest stall 250 ms, up "
        f"of {NAME}"
    )
    assert traffic_total([]) == "traffic: 0 transactions beside 0 changes, 0 failed"


CRASHED = ChangeCrashes(
    NAME,
    12,
    (
        Unconverged(
            "down",
            "killed client",
            ("after the statement of rollbacks/a.sql:3", "after the commit of it"),
            ("public.a has 6 rows, and 3 after an undisturbed run",),
        ),
    ),
)


def test_what_did_not_converge_is_told_with_where_the_runs_were_ended() -> None:
    assert list(crash_lines(CRASHED)) == [
        "down, killed client after the statement of rollbacks/a.sql:3",
        "  and after the commit of it",
        "  public.a has 6 rows, and 3 after an undisturbed run",
    ]
    assert not CRASHED.ok


def mutated(*survivors: Survivor, **found: Any) -> Mutation:
    facts: dict[str, Any] = {"unused": ()} | found
    change = ChangeMutants(NAME, 4, 3, 1, survivors, **facts)
    return Mutation(4, 3, 0.75, 0.95, False, (change,))


SURVIVOR = Survivor(
    "index i: dropped", "drop index i;", f"verification/{NAME}.sql", None
)


def test_a_survivor_is_told_with_what_to_write_where() -> None:
    assert list(mutation_lines(mutated(SURVIVOR), verbose=False)) == [
        f"{NAME}: 3 of 4 mutants noticed",
        "  survived: index i: dropped",
        "    drop index i;",
        f"    write a check of it in verification/{NAME}.sql, or accept it in the "
        "header:",
        "    -- survives: index i: dropped — why",
        "4 mutants, 3 noticed: 75.0% (95% needed), 0 accepted, 1 without a reason",
    ]


def test_an_accepted_survivor_is_counted_and_told_to_who_asks_for_more() -> None:
    accepted = mutated(Survivor("index i: dropped", "", "", "only slower"))
    (last,) = mutation_lines(accepted, verbose=False)
    assert last.endswith("1 accepted, 0 without a reason")
    assert "  survived: index i: dropped — only slower" in mutation_lines(
        accepted, verbose=True
    )


def test_a_line_that_accepts_nothing_is_told() -> None:
    lines = mutation_lines(mutated(unused=("index i: dropped — slow",)), verbose=False)
    assert (
        "  no survivor needs this line: -- survives: index i: dropped — slow" in lines
    )


def test_junit_has_a_suite_for_each_change_and_a_case_for_each_part(
    tmp_path: Path,
) -> None:
    whole = replace(
        rehearsal(change(Verdict.EXACT, checks=(check("no door"), check()))),
        traffic=(replace(FELT, id=NAME),),
        mutation=mutated(SURVIVOR),
        crashes=(replace(CRASHED, id=NAME),),
    )
    path = tmp_path / "rehearsal.xml"
    junit.write(str(path), junit.of_rehearsal(whole, allow_unverified=False))
    (suite,) = ET.parse(path).getroot()
    assert (suite.get("name"), suite.get("failures")) == (NAME, "4")
    failed = {case.get("name"): case.findtext("failure") for case in suite}
    assert failed["rehearsal"] is None
    assert [case.get("name") for case in suite].count("all is well") == 2
    assert "no such column" in str(failed["under traffic"])
    assert "survived: index i: dropped" in str(failed["mutants"])
    assert "public.a has 6 rows" in str(failed["crashes"])


@pytest.mark.parametrize(
    "report", ["text_report(verbose=0, explain=0)", "json_report()"]
)
def test_who_only_applies_does_not_wait_for_the_rehearsal_to_load(report: str) -> None:
    told = (
        "import sys; from trunkline import apply, commands, events, report;"
        f"report.{report}.event(events.ChangeStarted('20260101_a', 'up'));"
        "print(*(m for m in sys.modules if m.startswith('trunkline.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[1] for name in done.stdout.split()}
    assert "apply" in loaded
    assert loaded.isdisjoint({"rehearsal", "backfill", "copying", "lint"})
