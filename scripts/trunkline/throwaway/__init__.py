"""A PostgreSQL that exists for one run: embedded, a container, or scratch databases.

    with open_server(Request(postgres=16)) as server:
        database = server.create()
        with server.connect(database) as connection:
            ...

Leaving the block, by any way out (an exception, Ctrl-C, SIGTERM, SIGHUP), takes
everything away again; what a kill -9 leaves is swept by the next run. It does not
know about migrations, and it touches no database that it did not make.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from trunkline.connect import without_variables
from trunkline.errors import UsageError
from trunkline.throwaway.server import Server
from trunkline.throwaway.signals import ending_cleanly
from trunkline.versions import EMBEDDED

__all__ = ["Request", "Server", "beside", "open_server"]


@dataclass(frozen=True)
class Request:
    """What the user asked for with `--on`, `--postgres` and `--image`."""

    on: str = "embedded"
    """`embedded`, `container`, or the URL of a server to make scratch databases on."""
    postgres: int | None = None
    """The major version of the embedded server; None: the newest, see `beside`."""
    image: str = "postgres:17"
    """The image of the container."""
    room: int = 0
    """Bytes that its databases need beyond those of a small project."""


def beside(request: Request, major: int) -> Request:
    """The same for a database of version `major`: on the embedded server next to it.

    An older server writes some definitions in other words, and a newer one has
    privileges that it has not. Who names a version gets that one.
    """
    if request.postgres is not None:
        return request
    newer = [version for version in EMBEDDED if version >= major]
    return replace(request, postgres=min(newer, default=max(EMBEDDED)))


@contextmanager
def open_server(request: Request = Request()) -> Iterator[Server]:
    """Run what `request` asks for, yield it ready to use, and leave nothing behind.

    Raises `UsageError` when the request makes no sense, and `Failure` when no server
    can be had. Inside the block libpq's environment variables are not there, except
    with a server that the user names: they are about another one.
    """
    with ending_cleanly():
        if request.on == "embedded":
            from trunkline.throwaway.embedded import embedded

            with (
                _without_variables(),
                embedded(request.postgres or max(EMBEDDED), request.room) as server,
            ):
                yield server
        elif request.on == "container":
            from trunkline.throwaway.container import container

            with _without_variables(), container(request.image, request.room) as server:
                yield server
        elif "://" in request.on:
            from trunkline.throwaway.scratch import scratch

            with scratch(request.on) as server:
                yield server
        else:
            raise UsageError(
                f"no throwaway server is called {request.on}",
                hint="Use embedded, container, or a postgresql:// URL.",
            )


@contextmanager
def _without_variables() -> Iterator[None]:
    before = dict(os.environ)
    for name in before.keys() - without_variables(before).keys():
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(before)
