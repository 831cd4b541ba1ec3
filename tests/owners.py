"""Throwaways that belong to another process, so that a test can end that process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OWNER = Path(__file__).with_name("owner.py")


@dataclass
class Owner:
    """A process that owns a throwaway, and what it told about it."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]

    @property
    def place(self) -> str:
        """The directory of its throwaways; that of nobody else."""
        return str(self.facts["place"])

    @property
    def run(self) -> Path:
        return Path(self.facts["run"])

    def end(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit status when the process is gone."""
        self.process.send_signal(number)
        return self.process.wait(30)


Own = Callable[..., Owner]
OwnMany = Callable[..., list[Owner]]


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory to take for /dev/shm: nobody else's sweep looks there.

    Its name is short, as a socket's must be.
    """
    shared = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else "/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def own_many(memory: Path) -> Iterator[OwnMany]:
    """Start some owners at the same time, with further OWNER_ variables."""
    started: list[subprocess.Popen[str]] = []

    def start(count: int, **variables: str) -> list[Owner]:
        environment = {**os.environ, "OWNER_MEMORY": str(memory), **variables}
        processes = [
            subprocess.Popen(
                [sys.executable, "-W", "error", OWNER],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(count)
        ]
        started.extend(processes)
        return [Owner(process, _told_by(process)) for process in processes]

    yield start
    for process in started:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def own(own_many: OwnMany) -> Own:
    """Start an owner, with further OWNER_ variables."""
    return lambda **variables: own_many(1, **variables)[0]


def _told_by(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the owner did not get its throwaway"
    told: dict[str, Any] = json.loads(line)
    return told
