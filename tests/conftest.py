"""What every test may ask for: a throwaway server, a database on it, a project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.line import Line
from trunkline.throwaway import Request, Server, open_server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        type=int,
        default=18,
        choices=(16, 18),
        help="the version of the embedded PostgreSQL under the tests",
    )
    parser.addoption(
        "--container",
        action="store_true",
        help="run the tests that need a container engine, and no others",
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Tests of containers run only where `--container` asks for them."""
    wanted = config.getoption("--container")
    others = [i for i in items if (i.get_closest_marker("container") is None) == wanted]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An embedded server for all tests of this process."""
    asked = Request(postgres=request.config.getoption("--postgres"))
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
