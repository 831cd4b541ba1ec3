"""The embedded PostgreSQL: a server of our own that lives as long as the block.

It listens on 127.0.0.1, where every account of the machine can knock, and lets in who
has the password, which is new for each run. If this process is killed, so is the
server; its files are swept by the next run.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from trunkline.errors import Failure
from trunkline.throwaway import places, sweep
from trunkline.throwaway.account import Account, server_account
from trunkline.throwaway.binaries import embedded_programs, reachable_by
from trunkline.throwaway.cluster_cache import (
    clean_environment,
    copy_cluster,
    put_cluster,
)
from trunkline.throwaway.server import Server
from trunkline.throwaway.signals import afterwards

PORTS = range(15000, 32768)
"""Below those that Linux hands to outgoing connections, which could take the port
between a crash and the restart."""
ATTEMPTS = 20
READY_WITHIN = 60.0
STILL_HELD = "pre-existing shared memory block"
"""What a postmaster says while a process that was killed is not quite gone."""
STOPPED_WITHIN = 10.0
WATCH = 'read -r _ || kill -s QUIT "$1"'


@contextmanager
def embedded(major: int, room: int = 0) -> Iterator[Server]:
    """Run an embedded PostgreSQL of version `major` (16 or 18) inside the block.

    It has `room` bytes more than usual for its files.

    Raises `UsageError` for another version, `Failure` when it does not come up.
    """
    programs = embedded_programs(major)
    account = server_account()
    runnable = reachable_by(account, programs)
    sweep.sweep()
    with sweep.run_directory(places.for_runs(account, room)) as run:
        try:
            _lay_out(run, account)
            put_cluster(sweep.data_of(run), major, runnable, account)
        except OSError as error:
            raise Failure(
                "the embedded PostgreSQL cannot be set up", detail=str(error)
            ) from error
        server = Embedded(run, runnable / "postgres", account, programs, room)
        with afterwards(server.stop):
            server.start_first()
            yield server


class Embedded(Server):
    """A server whose processes and files are ours."""

    def __init__(
        self,
        run: Path,
        postgres: Path,
        account: Account | None,
        programs: Path,
        room: int,
    ) -> None:
        super().__init__(
            on="embedded",
            where={
                "host": "127.0.0.1",
                "port": _free_port(),
                "user": "postgres",
                "password": secrets.token_urlsafe(18),
                "sslmode": "disable",
            },
            maintenance="postgres",
            copying="file_copy",
            binaries=programs,
        )
        self.log: Path = run / "log"
        self._run = run
        self._postgres = postgres
        self._account = account
        self._room = room
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def logged(self) -> bytes:
        """What the server has written down so far."""
        return self.log.read_bytes()

    def start_first(self) -> None:
        """Start on the first port that is free, and set the password of this run.

        Raises `Failure` when the server does not come up.
        """
        for _ in range(ATTEMPTS):
            try:
                self.start()
                break
            except _PortTaken:
                self._where["port"] = _free_port()
        socket_directory = {"host": str(_socket_of(self._run))}
        with self.connect("postgres", **socket_directory) as connection:
            self._learn_version(connection)
            # The password is random, so it needs no stretching at every connection.
            connection.execute("set scram_iterations = 1")
            connection.execute(
                sql.SQL("alter role postgres password {}").format(
                    sql.Literal(self._where["password"])
                )
            )

    def start(self) -> None:
        """Start the server on its port, and wait until it is ready.

        Raises `Failure` when it does not come up, with the last lines of its log.
        """
        begun = self._spawn()
        deadline = time.monotonic() + READY_WITHIN
        while not self._is_ready():
            if self._postmaster is None or self._postmaster.poll() is not None:
                said = self.log.read_bytes()[begun:].decode(errors="replace")
                if STILL_HELD in said and time.monotonic() < deadline:
                    time.sleep(0.01)
                    begun = self._spawn()
                    continue
                taken = "could not create any TCP/IP sockets" in said
                raise (_PortTaken if taken else Failure)(
                    "the embedded PostgreSQL does not start",
                    detail="\n".join(said.splitlines()[-5:]),
                )
            if time.monotonic() > deadline:
                raise Failure("the embedded PostgreSQL is not ready in a minute")
            time.sleep(0.002)

    def crash(self) -> None:
        """Kill -9 every process of the server at once; `start` recovers it."""
        self._dismiss_watcher()
        sweep.kill_server(self._run)
        if self._postmaster is not None:
            self._postmaster.wait()
            self._postmaster = None

    @contextmanager
    def alone(self, database: str) -> Iterator[Server]:
        """A copy of the server with only this database, for the length of a block.

        It is made of the files of a server that was shut down in order: unlogged tables
        keep their rows only so.
        """
        self._expect_own(database, "copied")
        with sweep.run_directory(places.for_runs(self._account, self._room)) as run:
            self._shut_down()
            try:
                _lay_out(run, self._account)
                copy_cluster(sweep.data_of(self._run), sweep.data_of(run))
            finally:
                self.start()
            assert self.binaries is not None
            server = Embedded(
                run, self._postgres, self._account, self.binaries, self._room
            )
            with afterwards(server.stop):
                server.start_first()
                server._made = set(self._made)
                for other in self._made - {database}:
                    server.drop(other)
                yield server

    def stop(self) -> None:
        """End the server without ceremony: nothing in it is needed any more."""
        self.close()
        self._dismiss_watcher()
        if self._postmaster is None:
            return
        self._postmaster.send_signal(signal.SIGQUIT)
        try:
            self._postmaster.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.crash()

    def _shut_down(self) -> None:
        """End all sessions, and the server with all that it knows in its files."""
        self.close()
        self._dismiss_watcher()
        if self._postmaster is None:
            return
        self._postmaster.send_signal(signal.SIGINT)
        try:
            self._postmaster.wait(READY_WITHIN)
        except subprocess.TimeoutExpired:
            raise Failure("the embedded PostgreSQL does not shut down") from None
        self._postmaster = None

    def _spawn(self) -> int:
        """Start the postmaster, and a shell that ends it if this process is killed.

        Both are in sessions of their own, so that Ctrl-C on the terminal is for us.
        The shell notices by the end of its input; one line tells it to leave. Returns
        how many bytes the log had before.
        """
        self._dismiss_watcher()
        account = self._account.popen() if self._account else {}
        with self.log.open("ab") as output:
            begun = output.tell()
            self._postmaster = subprocess.Popen(
                [
                    self._postgres,
                    *("-D", sweep.data_of(self._run)),
                    *("-k", _socket_of(self._run)),
                    *("-p", str(self._where["port"])),
                    *("-c", f"cluster_name={self._run.name}"),
                ],
                cwd=sweep.data_of(self._run),
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **account,
            )
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", WATCH, "sh", str(self._postmaster.pid)],
            cwd="/",
            env={},
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **account,
        )
        return begun

    def _is_ready(self) -> bool:
        """Whether the postmaster says so in line 8 of its file, as pg_ctl looks for it.

        The file may still be that of a postmaster that crashed: line 1 tells whose it
        is (src/include/utils/pidfile.h). pg_ctl itself looks only ten times a second.
        """
        try:
            lines = sweep.pid_file(self._run).read_text().splitlines()
        except OSError:
            return False
        return (
            len(lines) > 7
            and self._postmaster is not None
            and lines[0] == str(self._postmaster.pid)
            and lines[7].strip() == "ready"
        )

    def _dismiss_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.communicate(b"\n")
            self._watcher = None


class _PortTaken(Failure):
    """another program has taken the port of the embedded PostgreSQL"""


def _lay_out(run: Path, account: Account | None) -> None:
    """Make the directories of a run; the server's account owns those it writes."""
    for directory in (sweep.data_of(run), _socket_of(run)):
        directory.mkdir(mode=0o700)
        if account is not None:
            os.chown(directory, account.uid, account.gid)
    if account is not None:
        run.chmod(0o711)


def _socket_of(run: Path) -> Path:
    return run / "socket"


def _free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
