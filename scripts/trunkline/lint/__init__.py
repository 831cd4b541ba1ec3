"""`lint`: what can be said about a project's files without a server.

Layout, names, headers, syntax and checks are the engine's own rules (`rules.toml`);
style is sqlfluff's, and what is dangerous on a live database squawk's.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.lint import layout, safety, style
from trunkline.project import Problem, Project


@dataclass(frozen=True)
class Report:
    """The findings, by path and line, and how many files were read."""

    findings: tuple[Problem, ...]
    files: int

    @property
    def ok(self) -> bool:
        return not self.findings


def run(project: Project) -> Report:
    """Lint all SQL files of a project.

    A file that does not parse is shown to neither sqlfluff nor squawk, whose words
    would only repeat ours. Raises UsageError for a bad configuration of theirs.
    """
    found = list(layout.problems(project))
    unread = {
        problem.path
        for problem in found
        if problem.fault.rule in ("file-encoding", "sql-does-not-parse")
    }
    scripts = [script for change in project.changes for script in change.scripts]
    scripts += [invariant.script for invariant in project.invariants]
    sound = [script for script in scripts if script.path not in unread]
    changes = tuple(c for c in project.changes if c.migration.path not in unread)
    found += style.problems(project.root, sound)
    found += safety.problems(project.root, changes)
    found.sort(key=lambda problem: (problem.path, problem.fault.line))
    return Report(tuple(found), len(scripts))
