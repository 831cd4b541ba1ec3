"""A certificate belongs to the bytes that were rehearsed, and to no others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.projects import ROOMS, change, sound, write
from trunkline import certificate, project
from trunkline.config import read
from trunkline.errors import UsageError
from trunkline.project import Project
from trunkline.rehearsal import certificate as rehearsed
from trunkline.rehearsal.crash.figures import ChangeCrashes, Unconverged
from trunkline.rehearsal.lost import Declared
from trunkline.rehearsal.mutate import ChangeMutants, Mutation, Survivor
from trunkline.rehearsal.result import (
    Certified,
    ChangeReport,
    RehearsalReport,
    Stage,
    Verdict,
)
from trunkline.rehearsal.traffic.figures import (
    ChangeTraffic,
    FailedTransactions,
    Phase,
)

BEFORE, HALLS, AFTER = ROOMS, "20260102_halls", "20260103_doors"
CHECK = "-- check: it holds\nselect 'a' as subject, 'b' as detail where false;\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of three changes with fixtures and two invariants."""
    files = {
        **change(HALLS, "select 1;\n", "select 2;\n", CHECK),
        **change(AFTER, "select 3;\n", "select 4;\n", CHECK),
        "verification/invariants/always.sql": CHECK,
        "verification/invariants/later.sql": f"-- since: {AFTER}\n{CHECK}",
    }
    for name in (BEFORE, HALLS, AFTER):
        files[f"verification/fixtures/{name}.sql"] = "select 5;\n"
    return sound(tmp_path, files)


def report(loaded: Project, version: str = "18.1") -> RehearsalReport:
    """What a rehearsal says in which all is well."""
    changes = tuple(
        ChangeReport(
            id=each.id,
            verdict=Verdict.EXACT,
            seconds=0.123,
            up=Stage(0.1, 2),
            down=Stage(0.2, 1),
            error=None,
            differences=(),
            lost=(),
            declared=(Declared("public.rooms rows — entered by hand", 3),),
            checks=(),
            locks=(),
        )
        for each in loaded.changes
    )
    return RehearsalReport(loaded.root.name, version, "embedded", 1.5, True, changes)


def mutants(loaded: Project, *survivors: Survivor) -> Mutation:
    """What `--mutate` says; of the second change, `survivors` survived."""
    changes = tuple(
        ChangeMutants(
            id=each.id,
            made=3,
            noticed=3,
            unmade=0,
            survivors=survivors if each.id == HALLS else (),
            unused=(),
        )
        for each in loaded.changes
    )
    return Mutation(9, 9, 1.0, 0.95, True, changes)


def certify(root: Path, version: str = "18.1", *, mutate: bool = False) -> Certified:
    loaded = project.load(root)
    found = report(loaded, version)
    if mutate:
        found = replace(found, mutation=mutants(loaded))
    return rehearsed.certify(loaded, found)


def stale(root: Path) -> list[str]:
    return [
        Path(problem.path).stem
        for problem in certificate.problems(project.load(root))
        if problem.fault.rule == "certificate-stale"
    ]


def said(root: Path, name: str) -> dict[str, Any]:
    path = root / "verification" / "certificates" / f"{name}.json"
    text: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return text


def test_a_certificate_says_what_was_proved_of_which_bytes(root: Path) -> None:
    assert certify(root, mutate=True).written == (
        BEFORE,
        HALLS,
        AFTER,
    )
    loaded = project.load(root)
    assert said(root, HALLS) == {
        "change": HALLS,
        "files": {s.path: s.sha256 for s in loaded.change(HALLS).scripts[:3]},
        "stands_on": certificate.basis(loaded, loaded.change(HALLS))[1],
        "servers": {
            "18": {
                "version": "18.1",
                "verdict": "exact",
                "statements_up": 2,
                "statements_down": 1,
                "checks": 0,
                "declared": {"public.rooms rows — entered by hand": 3},
                "mutants": {"made": 3, "noticed": 3},
            }
        },
    }
    assert not list(certificate.problems(loaded))


def test_certifying_again_changes_nothing(root: Path) -> None:
    certify(root)
    again = certify(root)
    assert (again.written, again.withdrawn) == ((), ())
    assert again.unchanged == (BEFORE, HALLS, AFTER)


def test_another_server_adds_to_what_was_proved(root: Path) -> None:
    certify(root, "16.9", mutate=True)
    certify(root, "18.1")
    certify(root, "16.10")
    servers = said(root, HALLS)["servers"]
    assert isinstance(servers, dict)
    assert {name: s["version"] for name, s in servers.items()} == {
        "16": "16.10",
        "18": "18.1",
    }
    assert servers["16"]["mutants"] == {"made": 3, "noticed": 3}


def test_what_was_proved_of_other_bytes_is_forgotten(root: Path) -> None:
    certify(root, "16.9")
    write(root, {f"rollbacks/{HALLS}.sql": "select 22;\n"})
    certify(root, "18.1")
    assert list(said(root, HALLS)["servers"]) == ["18"]
    assert set(said(root, BEFORE)["servers"]) == {"16", "18"}


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        (f"migrations/{HALLS}.sql", [HALLS, AFTER]),
        (f"verification/{HALLS}.sql", [HALLS, AFTER]),
        (f"verification/fixtures/{HALLS}.sql", [HALLS, AFTER]),
        (f"rollbacks/{HALLS}.sql", [HALLS]),
        ("verification/invariants/always.sql", [BEFORE, HALLS, AFTER]),
        ("verification/invariants/later.sql", [AFTER]),
        ("README.md", []),
    ],
)
def test_an_edit_makes_stale_what_was_rehearsed_with_it_and_no_more(
    root: Path, edited: str, expected: list[str]
) -> None:
    certify(root)
    text = (root / edited).read_text() if (root / edited).exists() else ""
    write(root, {edited: f"{text}-- edited\n"})
    assert stale(root) == expected


def test_a_change_put_in_between_makes_its_successors_stale(root: Path) -> None:
    certify(root)
    write(root, change("20260102_atrium", "select 6;\n", "select 7;\n", CHECK))
    assert stale(root) == [HALLS, AFTER]


def test_a_stale_certificate_names_the_file(root: Path) -> None:
    certify(root)
    write(root, {f"rollbacks/{HALLS}.sql": "select 22;\n"})
    (problem,) = certificate.problems(project.load(root))
    assert str(problem) == (
        f"verification/certificates/{HALLS}.json:1: rollbacks/{HALLS}.sql changed "
        "since the certificate was written"
    )


def test_a_certificate_of_no_change_is_found(root: Path) -> None:
    certify(root)
    write(root, {"verification/certificates/20260104_gone.json": "{}"})
    (problem,) = certificate.problems(project.load(root))
    assert problem.fault.rule == "certificate-orphan"


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {Verdict.EXACT}))
def test_only_a_change_that_was_proved_keeps_its_certificate(
    root: Path, verdict: Verdict
) -> None:
    certify(root)
    loaded = project.load(root)
    good = report(loaded)
    first, *others = good.changes
    result = rehearsed.certify(
        loaded,
        replace(good, changes=(replace(first, verdict=verdict), *others)),
    )
    proved = verdict is Verdict.COLUMN_ORDER
    assert result.withdrawn == (() if proved else (BEFORE,))
    assert certificate.path(loaded, BEFORE).exists() is proved


def test_a_change_that_another_part_found_fault_with_is_not_certified(
    root: Path,
) -> None:
    loaded = project.load(root)
    survivor = Survivor("index x: dropped", "drop index x;", "verification/x.sql", None)
    survived = replace(report(loaded), mutation=mutants(loaded, survivor))
    assert rehearsed.certify(loaded, survived).written == (BEFORE, AFTER)
    failing = FailedTransactions("enter", "42703", "no such column", 1, False)
    felt = ChangeTraffic(
        AFTER, (Phase("up", 1, 0.1, 0.1, 0.1, (failing,)),), (), (), None
    )
    felled = replace(report(loaded), traffic=(felt,))
    result = rehearsed.certify(loaded, felled)
    assert (result.written, result.withdrawn) == ((HALLS,), (AFTER,))
    found = Unconverged("up", "killed client", ("after x.sql:1",), ("2 rows, not 1",))
    crashes = (ChangeCrashes(BEFORE, 9, (found,)), ChangeCrashes(HALLS, 9, ()))
    result = rehearsed.certify(loaded, replace(report(loaded), crashes=crashes))
    assert (result.written, result.withdrawn) == ((HALLS, AFTER), (BEFORE,))


def test_a_survivor_with_a_reason_is_no_fault(root: Path) -> None:
    loaded = project.load(root)
    survivor = Survivor("index x: dropped", "drop index x;", "x.sql", "only slower")
    survived = replace(report(loaded), mutation=mutants(loaded, survivor))
    assert rehearsed.certify(loaded, survived).written == (BEFORE, HALLS, AFTER)


def test_what_has_no_certificate_of_its_bytes_is_refused(root: Path) -> None:
    certify(root)
    write(root, {f"migrations/{HALLS}.sql": "select 11;\n"})
    certificate.path(project.load(root), AFTER).write_text("[]")
    loaded = project.load(root)
    certificate.refuse_uncertified(loaded, loaded.changes[:1])
    with pytest.raises(UsageError) as raised:
        certificate.refuse_uncertified(loaded, loaded.changes)
    told = f"{raised.value.message}\n{raised.value.detail}"
    assert f"migrations/{HALLS}.sql changed since the certificate was written" in told
    assert "cannot be read as a certificate" in told
    assert raised.value.hint == certificate.HINT


@pytest.mark.parametrize("word", ["on", "yes", "true"])
def test_yoyo_ini_can_require_certificates(root: Path, word: str) -> None:
    assert not read(root).require_certificate
    with (root / "yoyo.ini").open("a") as ini:
        ini.write(f"require_certificate = {word}\n")
    assert read(root).require_certificate
    missing = [p.fault.rule for p in certificate.problems(project.load(root))]
    assert missing == ["certificate-missing"] * 3


def test_a_setting_that_is_no_word_for_yes_or_no_is_refused(root: Path) -> None:
    with (root / "yoyo.ini").open("a") as ini:
        ini.write("require_certificate = perhaps\n")
    with pytest.raises(UsageError, match=r"yoyo\.ini cannot be read"):
        read(root)
