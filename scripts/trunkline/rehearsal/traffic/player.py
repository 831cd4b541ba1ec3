"""pgbench as the live application, playing scripts until it is told to stop.

A client of pgbench ends at its first error. So it is run in slices of a fraction of a
second, and an error costs the rest of one slice; and it is run twice side by side, so
that while one starts a slice the other plays. How many transactions are begun, and
when, does not depend on how long they take: who must wait is counted as waiting.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from trunkline.errors import Failure
from trunkline.rehearsal.traffic.scripts import TrafficScript
from trunkline.throwaway import Server

PLAYERS = 2
CLIENTS = 2
"""Of each player."""
RATE = 100
"""Transactions a second of each player."""
SLICE = 6
"""Transactions of each client in a slice: an eighth of a second."""
TRIES = 3
"""An application tries a transaction again that a deadlock ended."""
PATIENCE = 60.0
"""Seconds after which a slice is taken for stuck."""

SERIALIZATION = "40001"
DEADLOCK = "40P01"
_RETRIED = {"serialization": SERIALIZATION, "deadlock": DEADLOCK}

_ABORTED = re.compile(
    r"client \d+ script (?P<script>\d+) (?:aborted in )?command \d+ query \d+: "
    r"(?:(?:ERROR|FATAL|PANIC):\s+)?(?P<message>.*)"
)
_UNCONNECTED = re.compile(r"pgbench: error: (?P<message>connection to server .*)")
_LOGGED = re.compile(r"(?:ERROR|FATAL|PANIC):  (?P<state>[0-9A-Z]{5}): (?P<message>.*)")


@dataclass(frozen=True)
class Played:
    """A transaction that committed; `begun` when it was due, in seconds of the epoch.

    Had it to wait for a connection that was still busy, that is part of its time.
    """

    script: str
    begun: float
    ended: float


@dataclass(frozen=True)
class Failed:
    """A transaction that failed, in the end; `script` is empty for a failure to
    connect, `sqlstate` where the server could not be asked for it."""

    script: str
    at: float
    sqlstate: str
    message: str


@dataclass
class Record:
    """What has been played on one database."""

    played: list[Played] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


@contextmanager
def playing(
    server: Server, database: str, scripts: Sequence[TrafficScript], record: Record
) -> Iterator[None]:
    """Play `scripts` on `database` inside the block, and write down what came of it.

    When the block is left, each transaction has ended and no session is left. Raises
    Failure when pgbench is missing or stuck.
    """
    if not scripts:
        yield
        return
    if server.binaries is None:
        raise Failure(
            f"no pgbench fits PostgreSQL {server.version}",
            hint="Rehearse without --traffic, or on another server.",
        )
    log = _Log(server)
    with tempfile.TemporaryDirectory(prefix="trunkline-traffic-") as directory:
        players = [
            _Player(server, database, scripts, Path(directory)) for _ in range(PLAYERS)
        ]
        for player in players:
            player.start()
        try:
            yield
        finally:
            for player in players:
                player.enough.set()
            for player in players:
                player.join()
    for player in players:
        if player.error is not None:
            raise player.error
    states = log.states()
    for player in players:
        record.played += player.played
        record.failed += [_with_state(failed, states) for failed in player.failed]


class _Player(threading.Thread):
    """One slice of pgbench after the other, in a thread of its own."""

    def __init__(
        self,
        server: Server,
        database: str,
        scripts: Sequence[TrafficScript],
        directory: Path,
    ) -> None:
        super().__init__(daemon=True)
        self._environment = {
            **server.environment(database),
            "PGAPPNAME": "trunkline traffic",
            "PGOPTIONS": "-c log_error_verbosity=verbose",
        }
        self._scripts = scripts
        self._command = [
            str((server.binaries or Path()) / "pgbench"),
            "--no-vacuum",
            f"--client={CLIENTS}",
            f"--rate={RATE}",
            f"--transactions={SLICE}",
            f"--max-tries={TRIES}",
            "--failures-detailed",
            "--log",
            f"--log-prefix={directory / 'slice'}",
            *(f"--file={script.path}@{script.weight}" for script in scripts),
        ]
        self._directory = directory
        self.enough = threading.Event()
        self.played: list[Played] = []
        self.failed: list[Failed] = []
        self.error: Failure | None = None

    def run(self) -> None:
        try:
            while not self.enough.is_set():
                self._slice()
        except Failure as error:
            self.error = error

    def _slice(self) -> None:
        process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        watch = threading.Timer(PATIENCE, process.kill)
        watch.start()
        told = 0
        complaints: list[str] = []
        with process:
            for line in process.stderr or ():
                complaints.append(line.rstrip())
                told += self._read(line, time.time())
        watch.cancel()
        log = self._directory / f"slice.{process.pid}"
        if log.exists():
            self._read_log(log.read_text())
            log.unlink()
        if process.returncode != 0 and not told:
            raise Failure(
                "pgbench cannot play the traffic",
                detail="\n".join(complaints) or f"It ended with {process.returncode}.",
            )

    def _read(self, line: str, at: float) -> int:
        """Write down the failure that a line of pgbench tells of, if it does."""
        if match := _ABORTED.search(line):
            script = self._scripts[int(match["script"])].name
            self.failed.append(Failed(script, at, "", match["message"].strip()))
            return 1
        if match := _UNCONNECTED.search(line):
            self.failed.append(Failed("", at, "", match["message"].strip()))
            return 1
        return 0

    def _read_log(self, text: str) -> None:
        """Read pgbench's log: client, transaction, time, script, epoch, µs, ..."""
        for line in text.splitlines():
            _, _, spent, number, epoch, micros, *_ = line.split()
            script = self._scripts[int(number)].name
            ended = int(epoch) + int(micros) / 1e6
            if spent.isdecimal():
                self.played.append(Played(script, ended - int(spent) / 1e6, ended))
            else:
                sqlstate = _RETRIED.get(spent, "")
                message = f"given up after {TRIES} tries: {spent}"
                self.failed.append(Failed(script, ended, sqlstate, message))


class _Log:
    """The server's log from here on: pgbench tells no SQLSTATE."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._start = len(server.logged())

    def states(self) -> dict[str, str]:
        """The SQLSTATE of each message that the server has logged since."""
        text = self._server.logged()[self._start :].decode("utf-8", "replace")
        return {
            match["message"].strip(): match["state"] for match in _LOGGED.finditer(text)
        }


def _with_state(failed: Failed, states: dict[str, str]) -> Failed:
    if failed.sqlstate:
        return failed
    logged = failed.message
    state = next((s for message, s in states.items() if message.startswith(logged)), "")
    return Failed(failed.script, failed.at, state, failed.message)
