"""`--certify`: write what a rehearsal has proved, one small file a change.

Only what does not vary from run to run is written, so running again changes nothing
unless something changed. What was proved before of the same bytes (on another server,
or with `--mutate` where this run asked for less) stays. A change that failed loses its
certificate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trunkline import certificate
from trunkline.project import Project
from trunkline.rehearsal.result import ChangeReport, RehearsalReport


@dataclass(frozen=True)
class Certified:
    """IDs by what became of their certificates."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    withdrawn: tuple[str, ...]


def certify(
    project: Project, report: RehearsalReport, extras: Mapping[str, Mapping[str, Any]]
) -> Certified:
    """Write, keep or withdraw the certificate of each change that was rehearsed.

    `extras` are, by ID, what further parts of the rehearsal proved of a change; an ID
    that is not there has failed one of them.
    """
    written, unchanged, withdrawn = [], [], []
    for change in report.changes:
        place = certificate.path(project, change.id)
        if not change.ok(allow_unverified=False) or change.id not in extras:
            if place.exists():
                place.unlink()
                withdrawn.append(change.id)
            continue
        text = _text(project, report, change, extras[change.id])
        if place.is_file() and place.read_text("utf-8") == text:
            unchanged.append(change.id)
        else:
            _write(place, text)
            written.append(change.id)
    return Certified(tuple(written), tuple(unchanged), tuple(withdrawn))


def _text(
    project: Project,
    report: RehearsalReport,
    change: ChangeReport,
    extras: Mapping[str, Any],
) -> str:
    files, stands_on = certificate.basis(project, project.change(change.id))
    known = certificate.read(project, change.id)
    servers = dict(known.servers) if known and known.basis == (files, stands_on) else {}
    major = report.server_version.split(".")[0]
    servers[major] = {
        **servers.get(major, {}),
        **_measured(change),
        **extras,
        "version": report.server_version,
    }
    said = {
        "change": change.id,
        "files": files,
        "stands_on": stands_on,
        "servers": servers,
    }
    return json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _measured(change: ChangeReport) -> dict[str, Any]:
    return {
        "verdict": change.verdict.value,
        "statements_up": change.up.statements if change.up else 0,
        "statements_down": change.down.statements if change.down else 0,
        "checks": len(change.checks),
        "declared": {declared.text: declared.count for declared in change.declared},
    }


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, "utf-8")
