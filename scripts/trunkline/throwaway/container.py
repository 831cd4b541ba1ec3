"""A PostgreSQL in a container, run by testcontainers on whatever engine it finds.

Where testcontainers runs its own reaper (Ryuk), that takes away what a kill -9 leaves;
everywhere the next run does, by the labels of the container. Importing this module is
slow; `open_server` does so only when a container is asked for.
"""

from __future__ import annotations

import os
import platform
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import docker
from docker.errors import DockerException
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.docker_client import DockerClient

from trunkline.errors import Failure, Unreachable
from trunkline.throwaway import places, sweep
from trunkline.throwaway.binaries import client_programs
from trunkline.throwaway.server import Server
from trunkline.throwaway.signals import afterwards

OWNER = "trunkline.owner"
RUN = "trunkline.run"
PORT = 5432
SETTINGS = {
    "max_connections": "250",
    "timezone": "UTC",
    "wal_level": "logical",
    "fsync": "off",
    "autovacuum": "off",
    "jit": "off",
}
"""As in the embedded server, for the same reasons (see `cluster_cache`)."""
MEMORY = "/run/trunkline"
ENOUGH_MEMORY = 4 << 30
"""Bytes of the engine's machine from which on the cluster is kept in its memory, where
databases are cloned several times as fast as in a container's layers."""
READY_WITHIN = 60.0


@contextmanager
def container(image: str, room: int = 0) -> Iterator[Server]:
    """Run the PostgreSQL of `image` in a container inside the block.

    Its databases need `room` bytes more than usual.

    Raises `Failure` when no container engine answers, the image cannot be had, or the
    server in it does not come up.
    """
    with (
        closing(_engine()) as engine,
        sweep.run_directory(places.for_runs(None)) as run,
    ):
        _sweep(engine)
        made = _Postgres(image, username="postgres", password=secrets.token_urlsafe(18))
        with afterwards(lambda: _remove(made)):
            made.with_kwargs(labels={OWNER: _owner(), RUN: str(run)})
            made.with_command([f"-c{name}={value}" for name, value in SETTINGS.items()])
            if engine.info()["MemTotal"] >= ENOUGH_MEMORY + 2 * room:
                made.with_tmpfs_mount(MEMORY).with_env("PGDATA", f"{MEMORY}/data")
            _fetch(engine, made.image)
            with closing(_started(made)) as server:
                yield server


class _Postgres(PostgresContainer):
    def _connect(self) -> None:
        """Do not wait here: it looks once a second, and not at a server that died."""


def _engine() -> docker.DockerClient:
    try:
        return DockerClient().client
    except DockerException as error:
        raise Failure(
            "no container engine answers",
            detail=str(error),
            hint="Start Docker or Podman (DOCKER_HOST names its socket), "
            "or use --on embedded.",
        ) from error


def _fetch(engine: docker.DockerClient, image: str) -> None:
    try:
        if not engine.images.list(name=image):
            engine.images.pull(image)
    except DockerException as error:
        raise Failure(
            f"the image {image} cannot be had",
            detail=str(error),
            hint="Name another one with --image; `docker images` lists those that "
            "are here.",
        ) from error


def _started(made: _Postgres) -> Server:
    try:
        made.start()
        host, port = made.get_container_host_ip(), made.get_exposed_port(PORT)
    except (DockerException, StopIteration, TimeoutError) as error:
        raise Failure(
            f"a container of {made.image} cannot be started",
            detail=str(error),
            hint="If it is testcontainers' reaper that is missing, set "
            "TESTCONTAINERS_RYUK_DISABLED=true.",
        ) from error
    server = Container(made, host, port)
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            server.get_acquainted()
        except Unreachable as error:
            made.reload()
            if made.status == "running" and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise Failure(
                f"the PostgreSQL in {made.image} does not come up",
                detail="\n".join([error.detail or "", *_last_words(made)]),
                hint="If the port of the container is at another address than "
                f"{host}, set TESTCONTAINERS_HOST_OVERRIDE.",
            ) from error
        return server


class Container(Server):
    """A server in a container that is ours."""

    def __init__(self, made: _Postgres, host: str, port: int) -> None:
        super().__init__(
            on="container",
            where={
                "host": host,
                "port": port,
                "user": made.username,
                "password": made.password,
                "sslmode": "disable",
            },
            maintenance="postgres",
            copying="file_copy",
        )
        self._container = made

    def logged(self) -> bytes:
        """What the server has written down so far."""
        _, errors = self._container.get_logs()
        return bytes(errors)

    def get_acquainted(self) -> None:
        """Learn the server's version; raises `Unreachable` while it does not answer."""
        with self._administer() as connection:
            self._learn_version(connection)
        self.binaries = client_programs(self.version_num)


def _last_words(made: _Postgres) -> list[str]:
    output, errors = made.get_logs()
    return (output + errors).decode(errors="replace").splitlines()[-5:]


def _remove(made: _Postgres) -> None:
    try:
        made.stop()
    except DockerException as error:
        raise Failure("the container cannot be removed", detail=str(error)) from error


def _owner() -> str:
    """Who we are among all that may use the same engine."""
    machine = ""
    with suppress(OSError):
        machine = Path("/etc/machine-id").read_text().strip()
    return f"{os.geteuid()}@{platform.node()} {machine}"


def _sweep(engine: docker.DockerClient) -> None:
    """Remove the containers of runs that were ours and have no owner any more."""
    filters = {"label": f"{OWNER}={_owner()}"}
    for left in engine.containers.list(all=True, filters=filters):
        if not sweep.has_owner(Path(left.labels[RUN])):
            with suppress(DockerException):  # another sweep was quicker
                left.remove(force=True, v=True)
