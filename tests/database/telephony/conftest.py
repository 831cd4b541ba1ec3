"""The telephony database with all changes and fixtures, made once and copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database.telephony.office import Office
from trunkline import project
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Server

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def telephony() -> project.Project:
    """The project's own changes."""
    return project.load(ROOT)


@pytest.fixture(scope="session")
def template(server: Server, telephony: project.Project) -> str:
    """The name of a database with every change and every fixture, to be copied."""
    stage = Stage(server, telephony)
    for change in telephony.changes:
        stage.apply(change)
    return stage.database


@pytest.fixture
def office(server: Server, template: str) -> Iterator[Office]:
    """A telephony database of the test's own, and who works on it."""
    copy = server.create(template=template)
    with server.connect(copy) as owner:
        yield Office(server, copy, owner)
    server.drop(copy)
