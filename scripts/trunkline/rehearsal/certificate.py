"""`--certify`: write what a rehearsal has proved, one small file a change.

Only what does not vary from run to run is written, so running again changes nothing
unless something changed. What was proved before of the same bytes (on another server,
or with `--mutate` where this run asked for less) stays. A change that failed loses its
certificate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trunkline import certificate
from trunkline.project import Project
from trunkline.rehearsal.result import Certified, ChangeReport, RehearsalReport


def certify(project: Project, report: RehearsalReport) -> Certified:
    """Write, keep or withdraw the certificate of each change that was rehearsed.

    A change that another part of the rehearsal found fault with is not certified.
    """
    written, unchanged, withdrawn = [], [], []
    for change in report.changes:
        place = certificate.path(project, change.id)
        measured = _measured(report, change)
        if measured is None:
            if place.exists():
                place.unlink()
                withdrawn.append(change.id)
            continue
        text = _text(project, report, change.id, measured)
        if place.is_file() and place.read_text("utf-8") == text:
            unchanged.append(change.id)
        else:
            _write(place, text)
            written.append(change.id)
    return Certified(tuple(written), tuple(unchanged), tuple(withdrawn))


def _text(
    project: Project, report: RehearsalReport, name: str, measured: Mapping[str, Any]
) -> str:
    files, stands_on = certificate.basis(project, project.change(name))
    known = certificate.read(project, name)
    servers = dict(known.servers) if known and known.basis == (files, stands_on) else {}
    major = report.server_version.split(".")[0]
    servers[major] = {
        **servers.get(major, {}),
        **measured,
        "version": report.server_version,
    }
    said = {
        "change": name,
        "files": files,
        "stands_on": stands_on,
        "servers": servers,
    }
    return json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _measured(report: RehearsalReport, change: ChangeReport) -> dict[str, Any] | None:
    """What was proved of a change; None where any part of it was not."""
    if not change.ok(allow_unverified=False):
        return None
    measured: dict[str, Any] = {
        "verdict": change.verdict.value,
        "statements_up": change.up.statements if change.up else 0,
        "statements_down": change.down.statements if change.down else 0,
        "checks": len(change.checks),
        "declared": {declared.text: declared.count for declared in change.declared},
    }
    for played in report.traffic or ():
        if played.id == change.id:
            if not played.ok:
                return None
            measured["traffic"] = "nothing failed, nothing undeclared was lost"
    for mutants in report.mutation.changes if report.mutation else ():
        if mutants.id == change.id:
            if not mutants.ok:
                return None
            measured["mutants"] = {"made": mutants.made, "noticed": mutants.noticed}
    for crashed in report.crashes or ():
        if crashed.id == change.id:
            if not crashed.ok:
                return None
            measured["crashes"] = crashed.crashes
    return measured


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, "utf-8")
