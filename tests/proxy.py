"""A way to the server that can be cut at a chosen moment: a small TCP proxy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

#: Of what a client sends: does the connection end here?
Cut = Callable[[bytes], bool]


@dataclass
class Proxy:
    """Passes all on, until `cut` says so of what a client sends; then it cuts.

    `answered`: what was sent still reaches the server, and only its answer is lost.
    """

    host: str
    port: int
    cut: Cut
    answered: bool
    at: int = 0
    cuts: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def serve(self, listening: socket.socket) -> None:
        while not self.closing.is_set():
            with suppress(OSError):
                client, _ = listening.accept()
                server = socket.create_connection((self.host, self.port))
                for work in (self._forth, self._back):
                    threading.Thread(
                        target=work, args=(client, server), daemon=True
                    ).start()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, suppress(OSError):
            while sent := client.recv(65536):
                if self.cut(sent):
                    self.cuts += 1
                    if self.answered:
                        self._drown(client)
                        server.sendall(sent)
                        server.settimeout(10)
                        server.recv(1, socket.MSG_PEEK)
                    self._drown(client)
                    return
                server.sendall(sent)

    def _back(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while received := server.recv(65536):
                client.sendall(received)
            client.shutdown(socket.SHUT_RDWR)

    def _drown(self, client: socket.socket) -> None:
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(host: str, port: int, cut: Cut, *, answered: bool) -> Iterator[Proxy]:
    """A proxy to `host:port`, listening on 127.0.0.1 at `at`."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        between = Proxy(host, port, cut, answered, listening.getsockname()[1])
        serving = threading.Thread(target=between.serve, args=(listening,), daemon=True)
        serving.start()
        yield between
        between.closing.set()
        serving.join()
