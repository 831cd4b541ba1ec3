"""What every test may ask for: a throwaway server, a database on it, a project."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.line import Line
from tests.owners import memory, own, own_many  # noqa: F401  (fixtures)
from trunkline.throwaway import Request, Server, open_server
from trunkline.versions import EMBEDDED


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        type=int,
        default=max(EMBEDDED),
        choices=EMBEDDED,
        help="the version of the embedded PostgreSQL under the tests",
    )
    parser.addoption(
        "--container",
        action="store_true",
        help="run the tests in a container of TRUNKLINE_TEST_IMAGE",
    )


def pytest_configure() -> None:
    """Hear signals wherever the tests are run: `nohup` and `&` ignore some of them, and
    what is started here would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Choose the tests that fit the server and the user."""
    unfit = {"embedded" if config.getoption("--container") else "container"}
    if os.geteuid() != 0:
        unfit.add("root")
    if config.getoption("--postgres") != max(EMBEDDED):
        unfit.add("newest")
    misfits = [item for item in items if unfit & {m.name for m in item.iter_markers()}]
    if misfits:
        config.hook.pytest_deselected(items=misfits)
        items[:] = [item for item in items if item not in misfits]


@pytest.fixture(scope="session")
def image() -> str:
    """The image of the container under the tests."""
    return os.environ.get("TRUNKLINE_TEST_IMAGE", "trunkline-postgres:15")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, image: str) -> Iterator[Server]:
    """A throwaway server for all tests of this process."""
    asked = Request(
        on="container" if request.config.getoption("--container") else "embedded",
        postgres=request.config.getoption("--postgres"),
        image=image,
    )
    with open_server(asked) as running:
        yield running


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The name of an empty database that is gone after the test."""
    name = server.create()
    yield name
    server.drop(name)


@pytest.fixture
def connection(server: Server, database: str) -> Iterator[psycopg.Connection]:
    """A connection to the test's database, with autocommit."""
    with server.connect(database) as opened:
        yield opened


@pytest.fixture
def line(server: Server, database: str, tmp_path: Path) -> Line:
    """An empty project, and an empty database for it."""
    return Line(tmp_path / "project", server, database)
