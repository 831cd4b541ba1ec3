"""What is wrong with the files of a project: layout, names, headers, syntax, checks.

Reads nothing itself but the names in the project's directories; the project has been
read. Rules of style are not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from trunkline import certificate
from trunkline.header import Fault
from trunkline.lint import bodies
from trunkline.project import Change, Problem, Project, Script
from trunkline.statements import DoesNotParse

_NAME = re.compile(r"^(\d{4})(\d{2})(\d{2})_[a-z][a-z0-9]*(_[a-z0-9]+)*$")


def problems(project: Project) -> Iterator[Problem]:
    """Every problem, change by change, then invariants, left-overs, certificates."""
    for change in project.changes:
        yield from _layout(change)
        yield from change.problems
        for script in change.scripts:
            yield from _contents(script)
    for invariant in project.invariants:
        yield from invariant.problems
        yield from _contents(invariant.script)
    yield from _orphans(project)
    yield from certificate.problems(project)


def named_well(change_id: str) -> bool:
    """Whether an ID is `YYYYMMDD_snake_case` with a date that exists."""
    match = _NAME.match(change_id)
    if match is None:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _layout(change: Change) -> Iterator[Problem]:
    path = change.migration.path
    if not named_well(change.id):
        yield _problem(
            path,
            "change-name",
            f"{change.id} is not YYYYMMDD_snake_case",
            "Rename its files; `trunkline new SLUG` makes such names.",
        )
    for script, kind, directory in (
        (change.rollback, "rollback", "rollbacks"),
        (change.verification, "verification", "verification"),
    ):
        if script is None:
            yield _problem(
                path,
                f"{kind}-missing",
                f"the change has no {directory}/{change.id}.sql",
                f"Write the {kind} file.",
            )
    if change.link is not None:
        link = f"{path.removesuffix('.sql')}.rollback.sql"
        if change.rollback is not None or "missing" not in change.link.message:
            yield Problem(link, change.link)


def _contents(script: Script) -> Iterator[Problem]:
    try:
        statements = script.statements
    except DoesNotParse:
        return  # a problem of its own
    if not statements and not script.faults:
        yield _problem(script.path, "file-empty", "the file holds no statement", "")
    for body in bodies.bodies(statements):
        fault = bodies.fault(body)
        if fault is not None:
            yield Problem(script.path, fault)


def _orphans(project: Project) -> Iterator[Problem]:
    known = {change.id for change in project.changes}
    root, migrations = project.root, project.config.migrations
    for directory, suffix in (
        (root / "rollbacks", ".sql"),
        (root / "verification", ".sql"),
        (root / "verification" / "fixtures", ".sql"),
        (migrations, ".rollback.sql"),
    ):
        for path in sorted(directory.glob(f"*{suffix}")):
            if path.name.removesuffix(suffix) not in known:
                yield _problem(
                    path.relative_to(root).as_posix(),
                    "orphan-file",
                    "no migration has this name",
                    "Rename it after its migration, or delete it.",
                )


def _problem(path: Path | str, rule: str, message: str, hint: str) -> Problem:
    return Problem(str(path), Fault(rule, 1, message, hint))
