"""Certificates: that a rehearsal has proved a change, and of which bytes.

`verification/certificates/ID.json` names the sha256 of the change's three files, and
one of all else that its rehearsal read: the migrations, verifications and fixtures of
the changes before it, its own fixture, the invariants that hold. So an edited file
makes its own certificate stale; an edited migration, verification or fixture makes
those of all later changes stale too, and an edited rollback no other, since no other
rehearsal runs it.

Nothing here rehearses or writes; a certificate says nothing about a server that it does
not name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from trunkline.errors import UsageError
from trunkline.header import Fault
from trunkline.project import Change, Problem, Project, Script

DIRECTORY = Path("verification", "certificates")
HINT = "Run `trunkline rehearse --certify`, and commit what it writes."


@dataclass(frozen=True)
class Certificate:
    """What a file says: the sha256 of each of the change's files by path, one of what
    the change stands on, and what was proved, by major version of the server."""

    files: Mapping[str, str]
    stands_on: str
    servers: Mapping[str, Mapping[str, Any]]

    @property
    def basis(self) -> tuple[Mapping[str, str], str]:
        """The bytes that it belongs to."""
        return self.files, self.stands_on


def path(project: Project, change_id: str) -> Path:
    """Where the certificate of a change is kept."""
    return project.root / DIRECTORY / f"{change_id}.json"


def basis(project: Project, change: Change) -> tuple[Mapping[str, str], str]:
    """The hashes of a change's files, and of what it stands on, as they are now."""
    own = (change.migration, change.rollback, change.verification)
    before = project.changes[: project.changes.index(change)]
    present = {change.id, *(earlier.id for earlier in before)}
    others: list[Script | None] = [
        script
        for earlier in before
        for script in (earlier.migration, earlier.verification, earlier.fixture)
    ]
    others.append(change.fixture)
    others += [invariant.script for invariant in project.holding(present)]
    lines = "".join(f"{script.sha256} {script.path}\n" for script in others if script)
    return (
        {script.path: script.sha256 for script in own if script},
        sha256(lines.encode()).hexdigest(),
    )


def read(project: Project, change_id: str) -> Certificate | None:
    """The certificate of a change; None where there is none that can be read."""
    try:
        said = json.loads(path(project, change_id).read_text("utf-8"))
        return Certificate(
            dict(said["files"]), str(said["stands_on"]), dict(said["servers"])
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def problems(project: Project) -> Iterator[Problem]:
    """Every certificate that is stale, or of a change that the project has not; those
    that are missing only where `yoyo.ini` requires them."""
    for change in project.changes:
        if path(project, change.id).exists() or project.config.require_certificate:
            yield from _problem(project, change)
    known = {change.id for change in project.changes}
    for found in sorted((project.root / DIRECTORY).glob("*.json")):
        if found.stem not in known:
            yield Problem(
                found.relative_to(project.root).as_posix(),
                Fault(
                    "certificate-orphan",
                    1,
                    f"no change is called {found.stem}",
                    "Delete the file.",
                ),
            )


def refuse_uncertified(project: Project, changes: Sequence[Change]) -> None:
    """Raise UsageError where a change has no certificate of its present bytes."""
    found = [problem for change in changes for problem in _problem(project, change)]
    if found:
        raise UsageError(
            str(found[0]),
            detail="\n".join(str(problem) for problem in found[1:]) or None,
            hint=HINT,
        )


def _problem(project: Project, change: Change) -> Iterable[Problem]:
    place = path(project, change.id).relative_to(project.root).as_posix()
    certificate = read(project, change.id)
    if certificate is None:
        there = path(project, change.id).exists()
        what = "cannot be read as a certificate" if there else "there is no certificate"
        yield Problem(place, Fault("certificate-missing", 1, what, HINT))
        return
    files, stands_on = basis(project, change)
    edited = sorted(
        name
        for name in files.keys() | certificate.files.keys()
        if files.get(name) != certificate.files.get(name)
    )
    if edited:
        what = f"{', '.join(edited)} changed since the certificate was written"
    elif stands_on != certificate.stands_on:
        what = (
            "an earlier migration, verification or fixture, its own fixture or an "
            "invariant changed since the certificate was written"
        )
    else:
        return
    yield Problem(place, Fault("certificate-stale", 1, what, HINT))
