"""Rollbacks that leave something of the server, or a password, not as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.projects import change, write
from trunkline import project
from trunkline.rehearsal.result import ChangeReport
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Request, Server, open_server

pytestmark = pytest.mark.embedded

INI = {"yoyo.ini": "[DEFAULT]\nsources = %(here)s/migrations\n"}
BASE = change(
    "20260101_base",
    "create role surrounded;\ncreate foreign data wrapper wide;\n"
    "create server far foreign data wrapper wide;\n"
    "create user mapping for public server far options (password 'one');\n",
    "select 1;\n",
)
NAME = "20260102_change"
MAPPING = "alter user mapping for public server far options (set password '{}')"
ORIGIN = "select pg_replication_origin_{}('elsewhere')"
SLOT = "select pg_create_logical_replication_slot('feed', 'pgoutput')"
UNSLOT = "select pg_drop_replication_slot('feed')"


@pytest.fixture
def other(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of the test's own: what is altered is its own, too."""
    asked = Request(postgres=request.config.getoption("--postgres"))
    with open_server(asked) as running:
        yield running


def rehearsed(root: Path, server: Server, up: str, down: str) -> ChangeReport:
    up = f"-- transactional: false\n{up}" if up == SLOT else up
    write(root, {**INI, **BASE, **change(NAME, f"{up};\n", f"{down};\n")})
    loaded = project.load(root)
    stage = Stage(server, loaded)
    for one in loaded.changes:
        with stage.rehearse(one) as (report, _):
            pass
    stage.close()
    return report


@pytest.mark.parametrize("restores", [True, False])
@pytest.mark.parametrize(
    ("up", "down", "found"),
    [
        (
            "alter tablespace pg_default set (seq_page_cost = 3)",
            "alter tablespace pg_default reset (seq_page_cost)",
            "unexpected option seq_page_cost of tablespace pg_default",
        ),
        (
            "comment on tablespace pg_default is 'here'",
            "comment on tablespace pg_default is null",
            "unexpected comment on tablespace pg_default",
        ),
        (
            "alter tablespace pg_global owner to surrounded",
            "alter tablespace pg_global owner to postgres",
            "differs tablespace pg_global",
        ),
        (
            "comment on role pg_monitor is 'watches'",
            "comment on role pg_monitor is null",
            "differs role pg_monitor",
        ),
        (
            "grant surrounded to pg_monitor",
            "revoke surrounded from pg_monitor",
            "differs role pg_monitor",
        ),
        (
            ORIGIN.format("create"),
            ORIGIN.format("drop"),
            "unexpected replication origin elsewhere",
        ),
        (SLOT, UNSLOT, "unexpected replication slot feed"),
        (
            MAPPING.format("two"),
            MAPPING.format("one"),
            "differs password in option password of user mapping for public server far",
        ),
        (
            "revoke select on information_schema.tables from public",
            "grant select on information_schema.tables to public",
            "missing grant select on table information_schema.tables to public",
        ),
        (
            "revoke usage on schema information_schema from public",
            "grant usage on schema information_schema to public",
            "missing grant usage on schema information_schema to public",
        ),
        (
            "create or replace function pg_catalog.one() returns int\n"
            "    language sql as 'select 1'",
            "drop function pg_catalog.one",
            "unexpected function pg_catalog.one()",
        ),
        (
            "create table if not exists trunkline.own (a int)",
            "drop table trunkline.own",
            "unexpected table trunkline.own",
        ),
    ],
)
def test_what_is_around_the_database_is_as_it_was_or_told(
    tmp_path: Path, other: Server, up: str, down: str, found: str, restores: bool
) -> None:
    report = rehearsed(tmp_path, other, up, down if restores else "select 1")
    told = [f"{one.kind} {one.named}" for one in report.differences]
    if restores:
        assert (report.verdict, report.error, told) == ("unverified", None, [])
    else:
        assert (report.verdict, told) == ("down_inexact", [found])
        assert "two" not in report.differences[0].detail


def test_an_extension_that_comes_back_has_its_comments(
    tmp_path: Path, other: Server
) -> None:
    up, down = "drop extension plpgsql", "create extension plpgsql"
    assert rehearsed(tmp_path, other, up, down).differences == ()
