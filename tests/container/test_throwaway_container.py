"""A server in a container: like the others, and as little of it stays."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
from contextlib import closing

import psycopg
import pytest
from testcontainers.core.docker_client import DockerClient

from tests.owners import Own
from trunkline.errors import Failure
from trunkline.throwaway import Request, Server, open_server
from trunkline.throwaway.container import RUN

pytestmark = pytest.mark.container


def containers(run: str) -> list[str]:
    """The names of the containers of a run, running or not."""
    with closing(DockerClient().client) as engine:
        found = engine.containers.list(all=True, filters={"label": RUN})
    return [one.name for one in found if one.labels[RUN].startswith(run)]


def test_the_server_is_ready_and_speaks_utf8(server: Server, image: str) -> None:
    assert server.on == "container"
    assert server.version.split(".")[0] == image.rpartition(":")[2]
    with server.connect(server.create()) as connection:
        assert connection.info.server_version == server.version_num
        row = connection.execute(
            "select current_setting('server_encoding'), current_setting('timezone')"
        ).fetchone()
    assert row == ("UTF8", "UTC")


def test_databases_are_cloned_renamed_and_dropped(
    server: Server, database: str
) -> None:
    with server.connect(database) as connection:
        connection.execute("create table kept as select 1 as one")
    clone = server.create(template=database)
    server.rename(clone, "clone_of_the_test")
    with server.connect("clone_of_the_test") as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)
    server.drop("clone_of_the_test")
    with pytest.raises(Failure, match="not made by this run"):
        server.drop("postgres")


def test_the_client_programs_work_with_it(server: Server, database: str) -> None:
    assert server.binaries is not None
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    environment = {**plain, **server.environment(database)}
    with server.connect(database) as connection:
        connection.execute("create table dumped (n int)")
    for program in (["psql", "-c", "select"], ["pg_dump", "--schema-only"]):
        command = [str(server.binaries / program[0]), *program[1:]]
        said = subprocess.check_output(command, env=environment, text=True)
    assert "CREATE TABLE public.dumped" in said


def test_what_it_writes_down_can_be_read(server: Server, database: str) -> None:
    before = server.logged()
    with server.connect(database) as connection:
        connection.execute("set log_error_verbosity = 'verbose'")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("select 1 / 0")
    assert server.logged().startswith(before)
    assert b"ERROR:  22012: division by zero" in server.logged()[len(before) :]


def test_it_cannot_be_crashed(server: Server) -> None:
    with pytest.raises(Failure, match="cannot be crashed"):
        server.crash()


def test_a_signal_that_asks_to_end_leaves_no_container(own: Own, image: str) -> None:
    owner = own(OWNER_ON="container", OWNER_IMAGE=image)
    assert containers(owner.place)
    owner.end(signal.SIGTERM)
    assert not containers(owner.place)


def test_what_a_killed_run_left_is_removed_by_the_next_and_the_living_stay(
    own: Own, image: str
) -> None:
    killed = own(OWNER_ON="container", OWNER_IMAGE=image)
    (left,) = containers(killed.place)
    killed.end(signal.SIGKILL)
    assert containers(killed.place) == [left]

    living = own(OWNER_ON="container", OWNER_IMAGE=image)
    (running,) = containers(living.place)
    assert running != left
    with open_server(Request(on="container", image=image)):
        assert containers(living.place) == [running]


def test_an_image_that_cannot_be_had_is_told() -> None:
    asked = Request(on="container", image="trunkline-no-such-image:0")
    with pytest.raises(Failure, match="trunkline-no-such-image:0 cannot be had"):
        open_server(asked).__enter__()


# docker-py does not close the socket with which it found nobody.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_does_not_answer_is_told(
    monkeypatch: pytest.MonkeyPatch, image: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    asked = Request(on="container", image=image)
    with pytest.raises(Failure, match="no container engine answers") as refusal:
        open_server(asked).__enter__()
    assert "--on embedded" in str(refusal.value.hint)
    del refusal
    gc.collect()


def test_a_container_that_dies_is_told_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, image: str
) -> None:
    monkeypatch.setattr(
        "trunkline.throwaway.container.SETTINGS", {"no_such_setting": "1"}
    )
    asked = Request(on="container", image=image)
    with pytest.raises(Failure, match="does not come up") as refusal:
        open_server(asked).__enter__()
    assert "no_such_setting" in str(refusal.value.detail)
