"""sqlfluff over the SQL of a project, the bodies of `language sql` functions included.

The rules of style are the project's (`.sqlfluff`). Not left to it are the facts of
`sqlfluff.cfg`: the dialect is PostgreSQL, nothing is a template, and no file is skipped
by its size, which sqlfluff does in silence from 20,000 bytes on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

from trunkline.errors import UsageError
from trunkline.header import Fault
from trunkline.lint.bodies import Body, bodies
from trunkline.project import Problem, Script

_FACTS = Path(__file__).with_name("sqlfluff.cfg")
#: Below so many characters a second process takes longer to start than it saves.
_WORTH_A_PROCESS = 8_000


def problems(root: Path, scripts: Sequence[Script]) -> Iterator[Problem]:
    """What sqlfluff says about the files and the bodies in them.

    The scripts must parse. Raises UsageError for a bad `.sqlfluff`.
    """
    places = {script.path: (script.path, 1) for script in scripts}
    with TemporaryDirectory(prefix="trunkline-") as directory:
        for script in scripts:
            for body in bodies(script.statements):
                if body.language == "sql":
                    path = Path(directory, f"{len(places)}.sql")
                    text, first = _as_file(body)
                    path.write_text(text, encoding="utf-8")
                    places[str(path)] = (script.path, first)
        size = sum(len(script.text) for script in scripts)
        found = _sqlfluff(root, list(places), 0 if size > _WORTH_A_PROCESS else 1)
    for file in found:
        path_, first = places[file["filepath"]]
        for violation in file["violations"]:
            yield _problem(path_, first, violation)


def _sqlfluff(root: Path, paths: list[str], processes: int) -> list[dict[str, Any]]:
    """Its report of the files. `processes`: 0 means as many as there are processors."""
    if not paths:
        return []
    command = ["lint", "--config", str(_FACTS), "--processes", str(processes)]
    done = subprocess.run(
        [sys.executable, "-m", "sqlfluff", *command, "--format", "json", *paths],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except json.JSONDecodeError:
        said = (done.stderr or done.stdout).strip()
        raise UsageError("sqlfluff cannot be run", detail=said or None) from None
    return found


def _as_file(body: Body) -> tuple[str, int]:
    """A body flush left and ended like a file, and the line of its first line."""
    kept = body.text.rstrip().removesuffix(";")
    blank = len(kept) - len(kept.lstrip("\n"))
    return dedent(kept).lstrip("\n") + ";\n", body.line + blank


def _problem(path: str, first: int, violation: dict[str, Any]) -> Problem:
    name = violation["name"] or violation["code"]
    line = first + violation["start_line_no"] - 1
    message = " ".join(violation["description"].split()).rstrip(".")
    hint = ""
    if violation["code"] == "PRS":
        hint = "PostgreSQL reads it, sqlfluff does not: write `-- noqa: PRS` behind it."
    return Problem(path, Fault(f"sqlfluff:{name}", line, message, hint))
