"""Rehearsed on a server by who may make databases there, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.projects import change, write
from trunkline import project, rehearsal
from trunkline.errors import Failure
from trunkline.events import ignore
from trunkline.throwaway import Request, Server

INI = {"yoyo.ini": "[DEFAULT]\nsources = %(here)s/migrations\n"}
TABLE = "create table t (n int primary key);\ninsert into t values (1), (2);\n"
SECURED = "alter table t enable row level security"


@pytest.fixture
def modest(server: Server) -> Iterator[str]:
    """A database, as who may make others connects to it."""
    with server.connect("postgres") as connection:
        connection.execute("create role modest login createdb password 'modest'")
        at = server.conninfo("postgres")
        yield f"postgresql://modest:modest@{at['host']}:{at['port']}/postgres"
        connection.execute("drop role modest")


def rehearsed(root: Path, url: str, up: str, down: str) -> str:
    """The verdict on a change."""
    write(root, {**INI, **change("20260101_first", up, down)})
    report = rehearsal.run(
        project.load(root), Request(on=url), [], allow_unverified=True, emit=ignore
    )
    return report.changes[0].verdict


@pytest.mark.parametrize(
    ("down", "verdict"),
    [("drop table t;\n", "unverified"), ("truncate t;\n", "down_inexact")],
)
def test_a_superuser_is_not_needed(
    tmp_path: Path, modest: str, down: str, verdict: str
) -> None:
    up = f"{TABLE}{SECURED};\n"
    assert rehearsed(tmp_path, modest, up, down) == verdict


def test_rows_that_are_hidden_from_us_prove_nothing(
    tmp_path: Path, modest: str
) -> None:
    up = f"{TABLE}{SECURED}, force row level security;\n"
    with pytest.raises(Failure, match="not all that the changes make") as refused:
        rehearsed(tmp_path, modest, up, "drop table t;\n")
    assert "row-level security" in (refused.value.detail or "")
    assert "superuser" in (refused.value.hint or "")
