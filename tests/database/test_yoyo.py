"""A person can leave trunkline at any time: stock yoyo does the same to our project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trunkline import apply, catalog, connect, project, rollback, status
from trunkline.catalog import Snapshot
from trunkline.connect import Target
from trunkline.events import ignore
from trunkline.throwaway import Server

ROOT = Path(__file__).parents[2]


def yoyo(server: Server, database: str, *words: str) -> str:
    """Run the stock command and return what it prints."""
    url = server.environment(database)["DATABASE_URL"]
    command = [str(Path(sys.executable).parent / "yoyo"), *words]
    if "list" not in words:
        command.append("--batch")
    done = subprocess.run(
        [*command, "--database", url.replace("://", "+psycopg://", 1)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def target(server: Server, database: str) -> Target:
    return connect.of_keywords(server.conninfo(database))


def taken(server: Server, database: str) -> Snapshot:
    with server.connect(database) as connection:
        return catalog.snapshot(connection)


@pytest.fixture
def other(server: Server) -> str:
    return server.create()


def test_stock_yoyo_makes_the_catalog_that_trunkline_makes(
    server: Server, database: str, other: str
) -> None:
    ours = project.load(ROOT)
    empty = taken(server, database)
    apply.run(ours, target(server, database), apply.Options(), ignore)
    yoyo(server, other, "apply")
    assert catalog.compare(taken(server, database), taken(server, other)) == ()

    told = yoyo(server, database, "list")
    found = status.read(ours, target(server, database))
    assert found.ok
    assert all(f" {row.id} " in told for row in found.rows)
    assert "U " not in told.split("STATUS", 1)[1]

    yoyo(server, database, "rollback", "--all")
    assert catalog.compare(empty, taken(server, database)) == ()
    assert {row.state for row in status.read(ours, target(server, database)).rows} == {
        "pending"
    }


def test_trunkline_rolls_back_what_stock_yoyo_applied(
    server: Server, database: str
) -> None:
    ours = project.load(ROOT)
    empty = taken(server, database)
    yoyo(server, database, "apply")
    where = target(server, database)
    assert status.read(ours, where).ok
    everything = rollback.Selection(last=len(ours.changes))
    plan = rollback.plan(ours, where, everything, None)
    result = rollback.run(ours, where, plan, rollback.Options(), ignore)
    assert result.ok, result
    assert catalog.compare(empty, taken(server, database)) == ()
