"""squawk over migrations: what would stop or break a live application.

Rules that the runner answers for are not asked (`rules.toml` has the reasons); the
project's `.squawk.toml` may exclude more.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from trunkline.errors import Failure, UsageError
from trunkline.header import Fault
from trunkline.lint.rules import not_asked_of_squawk
from trunkline.project import Change, Problem

#: The oldest server that is supported.
_POSTGRES = "15.0"


def problems(root: Path, changes: tuple[Change, ...]) -> Iterator[Problem]:
    """What squawk says about the migrations of `changes`.

    Raises Failure where squawk is not installed, UsageError for a bad `.squawk.toml`.
    """
    for whole in (True, False):
        paths = [c.migration.path for c in changes if c.transactional is whole]
        if paths:
            yield from _run(root, paths, in_transaction=whole)


def _run(root: Path, paths: list[str], *, in_transaction: bool) -> Iterator[Problem]:
    beside = Path(sysconfig.get_path("scripts"), "squawk")
    squawk = str(beside) if beside.is_file() else shutil.which("squawk")
    if squawk is None:
        raise Failure("squawk is not installed", hint="Run `pip install squawk-cli`.")
    assume = "--assume-in-transaction"
    if not in_transaction:
        assume = "--no-assume-in-transaction"
    done = subprocess.run(
        [squawk, "--reporter", "json", "--pg-version", _POSTGRES, assume, *paths],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        findings = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise UsageError(
            "squawk cannot be run", detail=done.stderr.strip() or None
        ) from None
    spared = not_asked_of_squawk()
    for finding in findings:
        rule = finding["rule_name"]
        if rule not in spared:
            fault = Fault(
                f"squawk:{rule}",
                finding["line"] + 1,
                finding["message"].rstrip("."),
                finding["help"]
                or f"Where it is meant, write `-- squawk-ignore {rule}`"
                " above the statement.",
            )
            yield Problem(finding["file"], fault)
