"""Client processes that are born with everything imported.

A process without threads imports what a client needs, and forks one for each socket
that it is handed. It lives in a session of its own, so that Ctrl-C on the terminal is
for us; it and its clients end when we do, however that comes.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection as Pipe
from threading import Lock

from trunkline.errors import Failure
from trunkline.rehearsal.crash.client import Order, Said, serve

LONGEST = 120.0
"""Seconds after which a client that has said nothing is taken for stuck."""
_PROGRAM = f"import sys; from {__name__} import main; main(int(sys.argv[1]))"


class Client:
    """A client process at work on an order, as its owner sees it.

    `free` is told the pipe of one that has come to its end, and can do more.
    """

    def __init__(self, pipe: Pipe, order: Order, free: Callable[[Pipe], None]) -> None:
        self._pipe = pipe
        self._free = free
        pipe.send(order)
        self._pid: int = pipe.recv()
        begun = self._heard()
        #: The server's process that does its work; 0: it did not come so far.
        self.backend = begun.number
        self._last = begun

    def stops(self) -> bool:
        """Wait until it stops at its point; False: it has ended without coming there,
        and `error` says why, if it failed."""
        if self._last.what == "begun":
            self._last = self._heard()
        return self._last.what == "stopped"

    def has_ended(self) -> bool:
        """Whether it has come to its end by itself, while nobody waited for it."""
        if self._last.what != "ended" and self._pipe.poll():
            self._last = self._heard()
        return self._last.what == "ended"

    def kill(self) -> None:
        """Kill -9 it."""
        os.kill(self._pid, signal.SIGKILL)
        with suppress(OSError):  # what comes from it now is its end
            self._pipe.poll(LONGEST)
        self._pipe.close()

    def ends(self) -> str | None:
        """Let it go on to its end; returns what went wrong there."""
        if self._last.what == "stopped":
            self._pipe.send(None)
        while self._last.what != "ended":
            self._last = self._heard()
        self._free(self._pipe)
        return self._last.error

    def _heard(self) -> Said:
        if not self._pipe.poll(LONGEST):
            self.kill()
            raise Failure("a client process does not answer")
        try:
            said: Said = self._pipe.recv()
        except EOFError:
            raise Failure("a client process ended without a word") from None
        return said


class Nursery:
    """Makes client processes; who came to the end of an order gets the next one."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lock = Lock()
        self._free: list[Pipe] = []

    def client(self, order: Order) -> Client:
        """A client process with an order."""
        with self._lock:
            pipe = self._free.pop() if self._free else self._born()
        return Client(pipe, order, self._free.append)

    def dismiss(self) -> None:
        """Let all go that have nothing to do."""
        while self._free:
            self._free.pop().close()

    def _born(self) -> Pipe:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"."], [theirs.fileno()])
        return Pipe(ours.detach())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery for the length of a block; no client outlives it."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        made = Nursery(ours)
        try:
            yield made
        finally:
            made.dismiss()
            ours.close()
            process.wait()


def main(descriptor: int) -> None:
    """Be the nursery, at the other end of a socket."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    # That a connection is lost is what is wanted, and no news.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    import_module("postgast")  # else each that meets `concurrently` would import it
    gc.collect()
    gc.freeze()
    while True:
        said, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not said:
            return
        if os.fork() == 0:
            control.close()
            serve(Pipe(descriptors[0]))
            os._exit(0)
        os.close(descriptors[0])
