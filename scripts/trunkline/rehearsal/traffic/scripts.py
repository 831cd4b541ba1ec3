"""The scripts of `verification/traffic/`: what the live application does, for pgbench.

    -- since: ID    it needs this change
    -- until: ID    it is no longer played once this change is applied
    -- weight: N    how often, beside the others (1 where nothing is said)

The lines stand in the head of the script. What the application does is the scripts' own
matter; nothing here reads their SQL.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from trunkline import header
from trunkline.errors import UsageError
from trunkline.project import Project

DIRECTORY = Path("verification", "traffic")


@dataclass(frozen=True)
class TrafficScript:
    """One script; `path` is absolute, `weight` at least 1."""

    name: str
    path: Path
    since: str | None
    until: str | None
    weight: int

    def fits(self, present: Set[str]) -> bool:
        """Whether it can be played on a database with these changes."""
        arrived = self.since is None or self.since in present
        return arrived and (self.until is None or self.until not in present)


def load(project: Project) -> tuple[TrafficScript, ...]:
    """The project's scripts by name; none is no fault.

    Raises UsageError for a line in a head that cannot be read.
    """
    known = {change.id for change in project.changes}
    paths = sorted((project.root / DIRECTORY).glob("*.sql"))
    return tuple(_script(path, known) for path in paths)


def _script(path: Path, known: Set[str]) -> TrafficScript:
    name = f"{DIRECTORY.as_posix()}/{path.name}"
    try:
        directives, faults = header.read(path.read_text("utf-8"), "traffic")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: the file is not UTF-8") from None
    if faults:
        fault = faults[0]
        raise UsageError(f"{name}:{fault.line}: {fault.message}", hint=fault.hint)
    said: dict[str, str] = {}
    for directive in directives:
        if directive.name in said:
            raise UsageError(
                f"{name}:{directive.line}: a second `-- {directive.name}:`",
                hint="Write each line once.",
            )
        if directive.name == "weight":
            good = directive.value.isdecimal() and int(directive.value) > 0
            hint = "Write a whole number from 1 on."
        else:
            good = directive.value in known
            hint = "Name a change of this project."
        if not good:
            raise UsageError(
                f"{name}:{directive.line}: `-- {directive.name}: {directive.value}` "
                "cannot be read",
                hint=hint,
            )
        said[directive.name] = directive.value
    return TrafficScript(
        path.stem,
        path.absolute(),
        said.get("since"),
        said.get("until"),
        int(said.get("weight", "1")),
    )
