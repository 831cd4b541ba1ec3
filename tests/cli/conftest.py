"""The command line as its users meet it: a process, its output, its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.projects import sound
from trunkline.throwaway import Server

TRUNKLINE = [sys.executable, "-m", "trunkline"]
SECONDS = 60


@dataclass(frozen=True)
class Done:
    """A process that has ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """`trunkline` in one project, with an environment that says nothing else."""

    def __init__(self, root: Path, url: str | None) -> None:
        self.root = root
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "TRUNKLINE_"))
        }
        if url is not None:
            self.environment["TRUNKLINE_DATABASE"] = url

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*TRUNKLINE, *words],
            cwd=self.root,
            env=self.environment,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def __call__(self, *words: str) -> Done:
        """Run to the end; whatever the user did, there must be no traceback."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=SECONDS)
        assert "Traceback" not in err
        return Done(process.returncode, out, err)


@pytest.fixture
def cli(tmp_path: Path) -> Callable[..., Cli]:
    """A way into the project in `tmp_path`; `url` is the database it names, if any."""
    return lambda url=None: Cli(tmp_path, url)


@pytest.fixture
def url(server: Server, database: str) -> str:
    """The URL of an empty database that is gone after the test."""
    return server.environment(database)["DATABASE_URL"]


@pytest.fixture
def rooms(tmp_path: Path, url: str) -> Cli:
    """The sound project of one change, and an empty database for it."""
    return Cli(sound(tmp_path), url)
