"""pgbench as the application, at a fixed rate, and what it felt meanwhile.

A transaction's time counts from when it was due, so whoever has to wait is counted.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trunkline.throwaway import Server

QUIET = 1.0
"""Seconds of traffic on either side of what is measured."""


@dataclass(frozen=True)
class Felt:
    """What the application felt while something was done.

    `seconds` it took; of the transactions meanwhile `p99` and `longest` in ms, `due`,
    when the longest should have begun, in seconds of the epoch, and `failed`, how many
    ended with an error.
    """

    seconds: float
    p99: float
    longest: float
    due: float
    failed: int


def felt(
    server: Server,
    database: str,
    scripts: Sequence[str],
    *,
    clients: int,
    rate: int,
    work: Callable[[], object],
) -> Felt:
    """Do the work while the application goes on.

    `scripts` are files of pgbench's, each with its weight behind `@`; `rate` is in
    transactions a second, of all clients.
    """
    assert server.binaries is not None
    with tempfile.TemporaryDirectory() as directory:
        pgbench = subprocess.Popen(
            [
                str(server.binaries / "pgbench"),
                "--no-vacuum",
                "--protocol=prepared",
                *(f"--client={clients}", f"--rate={rate}", "--time=3600"),
                *("--max-tries=3", "--failures-detailed"),
                *("--log", f"--log-prefix={directory}/log"),
                *(f"--file={script}" for script in scripts),
            ],
            env={**os.environ, **server.environment(database)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(QUIET)
        begun = time.time()
        work()
        ended = time.time()
        time.sleep(QUIET)
        pgbench.terminate()
        _, complaints = pgbench.communicate()
        aborted = re.findall(r"client \d+ (?:script \d+ )?aborted.*", complaints)
        for line in aborted[:3]:
            print(line, file=sys.stderr)
        return _read(Path(directory), begun, ended, len(aborted))


def _read(log: Path, begun: float, ended: float, failed: int) -> Felt:
    """The transactions of pgbench's log that touch a span of time."""
    times: list[tuple[float, float]] = []
    for path in log.iterdir():
        # What pgbench was just writing when it was ended is no whole line.
        for line in path.read_text().splitlines()[:-1]:
            _, _, spent, _, epoch, micros, *_ = line.split()
            if not spent.isdecimal():
                failed += 1
                continue
            end = int(epoch) + int(micros) / 1e6
            due = end - int(spent) / 1e6
            if end >= begun and due <= ended:
                times.append((int(spent) / 1e3, due))
    times.sort()
    longest, due = times[-1]
    p99, _ = times[int(len(times) * 0.99)]
    return Felt(ended - begun, p99, longest, due, failed)
