"""Databases on which nothing can be written, or nothing shall be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.cli.conftest import Cli
from tests.projects import ROOMS, sound
from trunkline.throwaway import Request, open_server
from trunkline.throwaway.embedded import Embedded

WRITING = [
    ["apply"],
    ["rollback", "--last", "1"],
    ["rollback", "--last", "1", "--yes"],
    ["adopt", "--to", ROOMS],
    ["backfill", "managed-credentials", "pause"],
    ["backfill", "managed-credentials", "undo"],
]


@pytest.fixture(scope="module")
def standby(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The sound project, applied on what is a standby since."""
    with open_server(Request()) as server:
        assert isinstance(server, Embedded)
        url = server.environment("postgres")["DATABASE_URL"]
        cli = Cli(sound(tmp_path_factory.mktemp("project")), url)
        assert cli("apply").status == 0
        with server.connect("postgres") as connection:
            ((data,),) = connection.execute("show data_directory").fetchall()
        server.crash()
        (Path(data) / "standby.signal").touch()
        server.start()
        yield cli


@pytest.mark.embedded
@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_standby_is_refused_as_one(standby: Cli, words: list[str]) -> None:
    done = standby(*words)
    assert (done.status, done.out) == (2, "")
    first, *_ = done.err.splitlines()
    assert first.endswith("/postgres is a standby, on which nothing can be written")


@pytest.mark.embedded
@pytest.mark.parametrize(
    "words",
    [["status"], ["apply", "--dry-run"], ["backfill", "managed-credentials", "status"]],
    ids=" ".join,
)
def test_what_only_reads_works_on_a_standby(standby: Cli, words: list[str]) -> None:
    assert standby(*words).status == 0


def test_what_is_to_be_read_only_is_written_to_only_when_that_is_said(
    rooms: Cli, connection: psycopg.Connection, database: str
) -> None:
    connection.execute(
        sql.SQL("alter database {} set default_transaction_read_only = on").format(
            sql.Identifier(database)
        )
    )
    done = rooms("apply")
    assert done.status == 2
    assert "is to be read only: default_transaction_read_only is on" in done.err
    assert rooms("status").status == 0

    rooms.environment["PGOPTIONS"] = "-c default_transaction_read_only=off"
    assert rooms("apply").status == 0
